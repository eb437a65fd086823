import {
  CLOSED,
  LETTER,
  LETTER_CHARS,
  LETTER_IN_START,
  LETTER_OUT_START,
  MAIL_AWAKE,
  MAIL_BYTES,
  MAIL_IN_CHARS,
  MAIL_IN_VAIN,
  MAIL_NEWEST,
  MAIL_OUT,
  MAIL_OUT_AFTER,
  MAIL_OUT_CHARS,
  MAIL_WORDS,
  OPEN,
} from '../protocol/mailbox.ts'

/** The host's side of protocol/mailbox.ts. Of what the guest's side says nothing is taken for true. */
export class Mailbox {
  readonly memory = new SharedArrayBuffer(MAIL_BYTES)
  readonly #words = new Int32Array(this.memory, 0, MAIL_WORDS)
  readonly #bytes = Buffer.from(this.memory)

  set newest(entry: number) {
    Atomics.store(this.#words, MAIL_NEWEST, entry)
  }

  /** Whether the guest's thread waits behind that entry. */
  isAwake(entry: number): boolean {
    return Atomics.load(this.#words, MAIL_AWAKE) === entry
  }

  isInVain(entry: number): boolean {
    return Atomics.load(this.#words, MAIL_IN_VAIN) === entry
  }

  noteInVain(entry: number): void {
    Atomics.store(this.#words, MAIL_IN_VAIN, entry)
  }

  /** Hands a letter to the thread that waits behind that entry. False if none does, or the text is too long. */
  deliver(text: string, entry: number): boolean {
    if (text.length > LETTER_CHARS || !this.isAwake(entry)) return false
    this.#bytes.write(text, LETTER_IN_START, 'utf16le')
    this.#words[MAIL_IN_CHARS] = text.length
    return Atomics.compareExchange(this.#words, MAIL_AWAKE, entry, LETTER) === entry
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
    const text = this.#bytes.toString('utf16le', LETTER_OUT_START, LETTER_OUT_START + chars * 2)
    Atomics.store(words, MAIL_OUT, CLOSED)
    return text
  }
}
