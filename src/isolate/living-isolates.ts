import type { NativeIsolate } from './ivm.ts'

/** How often the process's CPU time is looked at, in milliseconds. */
const LOOK_EVERY_MS = 10
/** Less CPU time than this between two looks, in microseconds, is nobody at work. */
const IDLE_CPU_US = 1000
const IDLE_LOOKS = 3
/** The longest an exit waits, in milliseconds; a thread that can't be ended would hold it for good. */
const LONGEST_WAIT_MS = 2000

/** The isolates of the whole process: every host in it draws from the same memory maps, and ends with it. */
const isolates = new Set<NativeIsolate>()
let isListening = false

export function countIsolates(): number {
  return isolates.size
}

/**
 * Keeps count of an isolate until it is forgotten, and ends it with the process.
 *
 * `process.exit()` takes V8 down without asking: an isolate's thread that runs then, or is still dying, crashes the
 * process (native-notes/deadlines.md). So at exit every isolate is disposed, and the exit waits, some 30 ms as a rule,
 * until the process is idle.
 */
export function rememberIsolate(isolate: NativeIsolate): void {
  if (!isListening) process.on('exit', endIsolates)
  isListening = true
  isolates.add(isolate)
}

/** It was disposed. */
export function forgetIsolate(isolate: NativeIsolate): void {
  isolates.delete(isolate)
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
