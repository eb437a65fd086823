import { TokenBucket } from '../token-bucket.ts'

/** Isolates that may be ended on threads of their own at once, and the time in which as many may again, in milliseconds. */
const MOST = 16
const EVERY_MS = 50

const threads = new TokenBucket(MOST, MOST, EVERY_MS, performance.now())

/**
 * Whether another isolate may be ended on a thread of its own. isolated-vm makes one when all of its own are busy, and
 * aborts the process if the system has none left; of hundreds that go at once, most are ended by who ends them.
 */
export function takeEndingThread(): boolean {
  return threads.take(performance.now())
}
