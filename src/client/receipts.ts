/** Answers, and bytes of them, after which the door is told; and the time after which it is told of any. */
const COUNT = 32
const BYTES = 64 * 1024
const DELAY_MS = 250

/** Tells a door that can resume a session what was received, so that it need not keep that. */
export class Receipts {
  readonly #tell: (count: number) => void
  #count = 0
  #toldCount = 0
  #untoldBytes = 0
  #isOn = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (count: number) => void) {
    this.#tell = tell
  }

  /** Received in this session. */
  get count(): number {
    return this.#count
  }

  /** One more answer or event was received. */
  add(sizeBytes: number): void {
    if (!this.#isOn) return
    this.#count++
    this.#untoldBytes += sizeBytes
    if (this.#count - this.#toldCount >= COUNT || this.#untoldBytes >= BYTES) this.#say()
    else this.#timer ??= setTimeout(() => this.#sayLate(), DELAY_MS)
  }

  /** In another session, of which nothing was received yet. */
  restart(): void {
    this.#count = 0
    this.start()
  }

  /** The hello said what was received. */
  start(): void {
    this.#isOn = true
    this.#toldCount = this.#count
    this.#untoldBytes = 0
  }

  /** There is nobody to tell. */
  stop(): void {
    this.#isOn = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #sayLate(): void {
    this.#timer = undefined
    if (this.#count > this.#toldCount) this.#say()
  }

  #say(): void {
    this.#toldCount = this.#count
    this.#untoldBytes = 0
    this.#tell(this.#count)
  }
}
