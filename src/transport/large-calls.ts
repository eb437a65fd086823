import { LIMITS } from '../limits.ts'
import type { CallerLoad } from './callers.ts'
import type { QueuedCall, Turns } from './turns.ts'

/** Ops whose answers are large, and the bytes one may have. */
export const LARGE_ANSWERS: ReadonlyMap<string, number> = new Map([
  ['storage.download', LIMITS.fileBytes],
  ['storage.readChunk', LIMITS.uploadChunkBytes],
])

/** One of them. */
export interface LargeCall extends QueuedCall {
  readonly answerBytes: number
}

/**
 * The calls of one session whose answers are large. They run as its client takes the answers: what is made for one who
 * reads slowly, or whose connection broke, would only wait in memory.
 */
export class LargeCalls {
  readonly #turns: Turns
  readonly #load: CallerLoad
  readonly #findUntaken: () => number | undefined
  readonly #waiting = new Set<LargeCall>()
  /** Of answers that are being made, or are next. */
  #bytes = 0

  /** @param findUntaken Bytes that wait for the client to take them; undefined when it takes none. */
  constructor(turns: Turns, load: CallerLoad, findUntaken: () => number | undefined) {
    this.#turns = turns
    this.#load = load
    this.#findUntaken = findUntaken
  }

  /** Runs the call when there is room for its answer, and its caller's turn has come. */
  start(call: LargeCall): void {
    this.#waiting.add(call)
    this.proceed()
  }

  /** The client may take more by now. */
  proceed(): void {
    for (const call of this.#waiting) {
      const untaken = this.#findUntaken()
      if (untaken === undefined) return
      const held = untaken + this.#bytes
      if (held > 0 && held + call.answerBytes > LIMITS.sessionAnswerBytes) return
      this.#waiting.delete(call)
      this.#bytes += call.answerBytes
      this.#turns.start(this.#load.large, call)
    }
  }

  /** Takes a call back that still waits. False if it has run. */
  withdraw(call: LargeCall): boolean {
    if (this.#waiting.delete(call)) return true
    if (!this.#turns.withdraw(this.#load.large, call)) return false
    this.#leave(call)
    return true
  }

  /** A call has ended. */
  finish(call: LargeCall): void {
    this.#turns.finish()
    this.#leave(call)
  }

  #leave(call: LargeCall): void {
    this.#bytes -= call.answerBytes
    this.proceed()
  }
}
