import {
  CHAR_BYTES,
  CLOSED,
  LETTER,
  LETTER_CHARS,
  LETTER_IN_START,
  LETTER_OUT_START,
  MAIL_BEGUN,
  MAIL_BYTES,
  MAIL_IN_CHARS,
  MAIL_IN_VAIN,
  MAIL_NEWEST,
  MAIL_OUT,
  MAIL_OUT_AFTER,
  MAIL_OUT_CHARS,
  MAIL_SINCE,
  MAIL_WAITING,
  MAIL_WORDS,
  OPEN,
} from '../protocol/mailbox.ts'

/** The host's side of protocol/mailbox.ts. Of what the guest's side says nothing is taken for true. */
export class Mailbox {
  readonly memory = new SharedArrayBuffer(MAIL_BYTES)
  readonly #words = new Int32Array(this.memory, 0, MAIL_WORDS)
  readonly #bytes = Buffer.from(this.memory)

  /** Another entry is the newest: ends the wait behind the one before, or 0, if there is one. */
  turnTo(newest: number, before: number): void {
    Atomics.store(this.#words, MAIL_NEWEST, newest)
    if (before === 0) return
    if (Atomics.compareExchange(this.#words, MAIL_WAITING, before, CLOSED) === before) this.#wake()
  }

  /** Whether the guest's thread waits behind that entry. */
  isWaiting(entry: number): boolean {
    return Atomics.load(this.#words, MAIL_WAITING) === entry
  }

  /** Whether it does, or did until that took too long. */
  hasBegun(entry: number): boolean {
    return Atomics.load(this.#words, MAIL_BEGUN) === entry
  }

  /** Whether it was woken ahead of a letter, and that took too long. */
  isInVain(entry: number): boolean {
    return Atomics.load(this.#words, MAIL_IN_VAIN) === entry
  }

  /** How long it has waited, in milliseconds, or one more. */
  get waitedMs(): number {
    return Math.max(((Date.now() | 0) - Atomics.load(this.#words, MAIL_SINCE)) | 0, 0) + 1
  }

  /** A letter for the thread that waits behind that entry will be here in a moment: it wakes, and looks for it. */
  announce(entry: number): void {
    if (this.isWaiting(entry)) this.#wake()
  }

  /** Hands a letter to the thread that waits behind that entry. False if none does, or the text is too long. */
  deliver(text: string, entry: number): boolean {
    if (text.length > LETTER_CHARS || !this.isWaiting(entry)) return false
    this.#bytes.write(text, LETTER_IN_START, 'utf16le')
    this.#words[MAIL_IN_CHARS] = text.length
    if (Atomics.compareExchange(this.#words, MAIL_WAITING, entry, LETTER) !== entry) return false
    this.#wake()
    return true
  }

  /** The guest may leave a letter from now on. */
  open(): void {
    Atomics.compareExchange(this.#words, MAIL_OUT, CLOSED, OPEN)
  }

  /** It may not any more. False if it has. */
  close(): boolean {
    return Atomics.compareExchange(this.#words, MAIL_OUT, OPEN, CLOSED) !== LETTER
  }

  /** The letter it has left, if there is one and the host has heard it call back as often as it had by then. */
  take(calledBack: number): string | undefined {
    const words = this.#words
    if (Atomics.load(words, MAIL_OUT) !== LETTER || words[MAIL_OUT_AFTER] !== calledBack) return undefined
    const chars = Math.min(Math.max(words[MAIL_OUT_CHARS] ?? 0, 0), LETTER_CHARS)
    const text = this.#bytes.toString('utf16le', LETTER_OUT_START, LETTER_OUT_START + chars * CHAR_BYTES)
    Atomics.store(words, MAIL_OUT, CLOSED)
    return text
  }

  #wake(): void {
    Atomics.notify(this.#words, MAIL_WAITING)
  }
}
