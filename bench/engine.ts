import { setTimeout as sleep } from 'node:timers/promises'
import type { FunctionHost } from 'cloudlet'
import { checkHello, EVENT, helloSource } from './functions.ts'

/** An isolate is torn down on a thread of its own: time for it to be gone before the next one is timed. */
const SETTLE_MS = 4
/** Longer than it takes to make a spare isolate. */
const STEADY_MS = 25
const SPARE_WAIT_MS = 5000

/** Waits until what ended is gone. */
export async function settle(): Promise<void> {
  await sleep(SETTLE_MS)
}

/** Lets a host do what it does once: its first cold start. */
export async function startUp(host: FunctionHost): Promise<void> {
  await host.deploy('first', { files: { 'index.js': helloSource(0) } })
  checkHello(await host.invoke('first', EVENT), 'cold')
}

/**
 * Waits until the host has a spare isolate, and is not busy making more.
 *
 * @throws {Error} when that takes more than five seconds.
 */
export async function waitForSpares(host: FunctionHost): Promise<void> {
  const startMs = performance.now()
  let count = host.stats().instances.spareCount
  let sinceMs = startMs
  while (count === 0 || performance.now() - sinceMs < STEADY_MS) {
    if (performance.now() - startMs > SPARE_WAIT_MS)
      throw new Error(`The host has ${count} spare isolates after five seconds, and is not done making them.`)
    await settle()
    const newCount = host.stats().instances.spareCount
    if (newCount !== count) sinceMs = performance.now()
    count = newCount
  }
}
