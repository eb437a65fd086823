import type { Call, OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import type { LibraryParts } from './library.ts'

/** What a timer function returns: Node's Timeout, as far as Node's own library goes. */
export interface Timer {
  ref(): Timer
  unref(): Timer
  hasRef(): boolean
  refresh(): Timer
  close(): Timer
}

/** What Node's library stands on: the guest runtime hands it over when a function first needs Node. */
export interface NodeEnvironment {
  /** The text of Node's library; while a snapshot is made, its modules. */
  readonly library: () => string | LibraryParts
  /** When the function's process began, by `Date.now()`. While a snapshot is made it hasn't. */
  readonly startMs: () => number
  readonly globals: Record<string, unknown>
  readonly process: Record<string, unknown>
  readonly callHost: Call
  /** As callHost, for what no invocation waits for at its end. */
  readonly callInBackground: Call
  /** What the function's memory may come to, in bytes. */
  readonly memoryBytes: () => number
  /** As callHost, but the thread waits. */
  readonly askHost: <Op extends OpName>(op: Op, args: OpArgs<Op>) => OpResult<Op>
  readonly setTimeout: (callback: (...args: never[]) => unknown, delayMs: number, ...args: unknown[]) => Timer
  readonly queueMicrotask: (callback: () => void) => void
  /** Takes what nobody caught. */
  readonly report: (error: unknown) => void
  /** Writes a line to the invocation's log. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
  /** Has `callback` called when the function's process begins: at once if it has, as it does after a snapshot is made. */
  readonly onProcessStart: (callback: () => void) => void
  /** Has `callback` called whenever an invocation is over; nothing it starts goes any further. */
  readonly onInvocationEnd: (callback: () => void) => void
  /** Has `callback` called before the handler of the next invocation, and of each after it. */
  readonly onInvocationStart: (callback: () => void) => void
  /** One more waits, or one less, for which an invocation that answers by `callback` is kept. */
  readonly holdLoop: (change: 1 | -1) => void
}
