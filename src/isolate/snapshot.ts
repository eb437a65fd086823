import { readFileSync } from 'node:fs'
import { RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { Isolate, type Snapshot } from './ivm.ts'

let snapshot: Snapshot | undefined

/**
 * The V8 startup snapshot that holds the evaluated guest runtime and the compiled code of a typical invocation.
 * Made once per process, at the first deployment, on this thread: about 50 ms (native-notes/snapshot.md).
 */
export function runtimeSnapshot(): Snapshot {
  snapshot ??= Isolate.createSnapshot(
    [{ code: readBundle('runtime'), filename: RUNTIME_SCRIPT }],
    readBundle('warm-up'),
  )
  return snapshot
}

/** The bundles are built beside the compiled host; a host run from source takes those of the last build. */
function readBundle(name: 'runtime' | 'warm-up'): string {
  const isSource = import.meta.url.endsWith('.ts')
  return readFileSync(
    new URL(isSource ? `../../dist/guest/${name}.js` : `../guest/${name}.js`, import.meta.url),
    'utf8',
  )
}
