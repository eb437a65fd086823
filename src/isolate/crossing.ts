import type { DoorIn } from './isolate.ts'
import { type BytesCopy, ExternalCopy, type NativeIsolate } from './ivm.ts'

export interface CrossingListener {
  /** The entry is over and its microtasks ran. `rejection`: a promise nobody handled was rejected in it. */
  onTurnEnd(rejection: Error | undefined): void
  /** The isolate died in the entry, other than by `dispose()` of our own. */
  onDeath(error: Error): void
}

const WAKE = '{"type":"wake"}'

/**
 * Carries messages into one isolate: everything posted while an entry is under way crosses together in the
 * next. One entry at a time is a rule, not an optimisation: isolated-vm frees what an entry carried only
 * when its thread runs out of entries, so a queue that is never empty grows until the memory limit ends an
 * innocent isolate (native-notes/memory.md, test/isolate/crossing.test.ts).
 */
export class Crossing {
  readonly #isolate: NativeIsolate
  readonly #doorIn: DoorIn
  readonly #listener: CrossingListener
  #texts: string[] = []
  #buffers: BytesCopy[] = []
  #wakeDue = false
  #isScheduled = false
  #isEntered = false

  constructor(isolate: NativeIsolate, doorIn: DoorIn, listener: CrossingListener) {
    this.#isolate = isolate
    this.#doorIn = doorIn
    this.#listener = listener
  }

  /** Nothing is under way and nothing waits; a wake-up alone is nothing. */
  get isIdle(): boolean {
    return !this.#isEntered && this.#texts.length === 0
  }

  get isEntered(): boolean {
    return this.#isEntered
  }

  /** Posts one message as JSON text. The bytes, if any, go beside it: the text gets their index as `buffer`. */
  post(text: string, bytes?: Uint8Array): void {
    if (bytes === undefined) {
      this.#texts.push(text)
    } else {
      this.#texts.push(`${text.slice(0, -1)},"buffer":${this.#buffers.length}}`)
      this.#buffers.push(copyForGuest(bytes))
    }
    this.#schedule()
  }

  /** Lets timers that are due run, with the next entry. */
  wake(): void {
    this.#wakeDue = true
    this.#schedule()
  }

  /** Takes a wake-up back that has not crossed. */
  cancelWake(): void {
    this.#wakeDue = false
  }

  #schedule(): void {
    if (this.#isEntered || this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.#isEntered && this.#hasWork) void this.#enter()
    })
  }

  get #hasWork(): boolean {
    return this.#wakeDue || this.#texts.length > 0
  }

  async #enter(): Promise<void> {
    if (this.#isolate.isDisposed) return
    if (this.#wakeDue) this.#texts.push(WAKE)
    this.#wakeDue = false
    const args: [string, ...BytesCopy[]] = [`[${this.#texts.join(',')}]`, ...this.#buffers]
    this.#texts = []
    this.#buffers = []
    this.#isEntered = true
    let rejection: Error | undefined
    try {
      await this.#doorIn.apply(undefined, args)
    } catch (error) {
      rejection = error instanceof Error ? error : new Error(String(error))
    }
    // isolated-vm delivers the end of an entry before the callbacks made in it; the check phase is after both.
    setImmediate(() => this.#leave(rejection))
  }

  #leave(rejection: Error | undefined): void {
    this.#isEntered = false
    if (this.#isolate.isDisposed) {
      this.#listener.onDeath(rejection ?? new Error('Isolate was disposed'))
      return
    }
    this.#listener.onTurnEnd(rejection)
    if (this.#hasWork && !this.#isEntered && !this.#isScheduled) void this.#enter()
  }
}

/** A copy of our own is handed over whole; the caller's bytes may be part of a larger pool. */
function copyForGuest(bytes: Uint8Array): BytesCopy {
  const copy = bytes.slice().buffer as ArrayBuffer
  return new ExternalCopy(copy, { transferOut: true }).copyInto({ release: true, transferIn: true })
}
