/** Time between two drawings: often enough to be seen moving. */
const REDRAW_MS = 100
const BAR_CHARS = 24

/** What of a terminal is needed. */
export interface Screen {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** A bar on one line of a terminal; on anything else, nothing. */
export class Progress {
  readonly #stream: Screen
  readonly #unit: string
  #drawnMs = Number.NEGATIVE_INFINITY
  #isDrawn = false

  constructor(stream: Screen, unit: string) {
    this.#stream = stream
    this.#unit = unit
  }

  /** Shows a part of a whole, and what was counted. */
  show(part: number, whole: number, count: number): void {
    const nowMs = performance.now()
    if (this.#stream.isTTY !== true || nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    this.#isDrawn = true
    this.#stream.write(`\r\u001b[K${progressText(part, whole, count, this.#unit)}`)
  }

  /** Takes it away, so that a line may be written. */
  clear(): void {
    if (this.#isDrawn) this.#stream.write('\r\u001b[K')
    this.#isDrawn = false
    this.#drawnMs = Number.NEGATIVE_INFINITY
  }
}

export function progressText(part: number, whole: number, count: number, unit: string): string {
  const share = whole > 0 ? Math.min(1, part / whole) : 0
  const filled = Math.round(share * BAR_CHARS)
  const bar = '#'.repeat(filled).padEnd(BAR_CHARS, '.')
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${count.toLocaleString('en-US')} ${unit}`
}
