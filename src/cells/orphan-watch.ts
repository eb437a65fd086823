import { Worker } from 'node:worker_threads'

/** What the thread may take: it runs one short function. From source it needs 16, to strip types. */
const LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, codeRangeSizeMb: 8, stackSizeMb: 1 }

/**
 * Starts the thread that ends this cell with SIGKILL when its host is gone, even while the main thread hangs. To be
 * called in the cell, before anything of a tenant's runs; from then on it doesn't need the main thread. It costs 9 MB
 * of RSS, 7 of them private (measured with and without it, Node 26 on Linux x64; 29 from source, where it strips
 * types). If the thread fails, the cell does: its 'error' is thrown on the main thread.
 */
export function watchForOrphaning(): void {
  const isSource = import.meta.url.endsWith('.ts')
  const script = new URL(isSource ? 'orphan-thread.ts' : 'orphan-thread.js', import.meta.url)
  new Worker(script, { env: {}, execArgv: [], resourceLimits: LIMITS }).unref()
}
