import type { NativeIsolate } from './ivm.ts'

/** How often the process's CPU time is looked at, in milliseconds. */
const LOOK_EVERY_MS = 10
/** Less CPU time than this between two looks, in microseconds, is nobody at work. */
const IDLE_CPU_US = 1000
const IDLE_LOOKS = 3
/** The longest an exit waits, in milliseconds; a thread that can't be ended would hold it for good. */
const LONGEST_WAIT_MS = 2000
const FIRST_SWEEP_SIZE = 64

const isolates = new Set<NativeIsolate>()
let sweepSize = FIRST_SWEEP_SIZE
let isListening = false

/**
 * `process.exit()` takes V8 down without asking: an isolate's thread that runs then, or is still dying, crashes the
 * process (native-notes/deadlines.md). So at exit every isolate is disposed, and the exit waits, some 30 ms as a rule,
 * until the process is idle.
 */
export function endAtExit(isolate: NativeIsolate): void {
  if (!isListening) process.on('exit', endIsolates)
  isListening = true
  if (isolates.size >= sweepSize) sweep()
  isolates.add(isolate)
}

function sweep(): void {
  for (const isolate of isolates) if (isolate.isDisposed) isolates.delete(isolate)
  sweepSize = Math.max(isolates.size * 2, FIRST_SWEEP_SIZE)
}

function endIsolates(): void {
  for (const isolate of isolates) if (!isolate.isDisposed) isolate.dispose()
  const untilMs = performance.now() + LONGEST_WAIT_MS
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  let idleCount = 0
  let usage = process.cpuUsage()
  while (idleCount < IDLE_LOOKS && performance.now() < untilMs) {
    Atomics.wait(never, 0, 0, LOOK_EVERY_MS)
    const used = process.cpuUsage(usage)
    usage = process.cpuUsage()
    idleCount = used.user + used.system < IDLE_CPU_US ? idleCount + 1 : 0
  }
}
