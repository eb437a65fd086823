import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NativeIsolate } from './ivm.ts'

/** The process's threads, as Linux lists them. */
const TASKS = '/proc/self/task'

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
 * until the process is idle and no other thread wants to run.
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
    const isIdle = used.user + used.system < IDLE_CPU_US && !hasRunnableThread()
    idleCount = isIdle ? idleCount + 1 : 0
    // What looking costs is not counted.
    usage = process.cpuUsage()
  }
  collectGarbage()
}

/**
 * If the collector of the main thread's heap is half-way when Node takes that down, it ends its work then, and
 * isolated-vm, whose objects it finds, aborts the process: its own environment is gone (native-notes/deadlines.md). So
 * it is brought to its end before.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
}

/** On a busy machine a thread that still has to end may get no CPU for longer than the looks take. Linux tells. */
function hasRunnableThread(): boolean {
  if (process.platform !== 'linux') return false
  return readdirSync(TASKS).some(id => id !== String(process.pid) && readState(id) === 'R')
}

/** The letter after the thread's name, which may itself hold anything; undefined if it has just ended. */
function readState(id: string): string | undefined {
  try {
    const stat = readFileSync(`${TASKS}/${id}/stat`, 'latin1')
    return stat[stat.lastIndexOf(')') + 2]
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  }
}
