import { stripVTControlCharacters, styleText } from 'node:util'

export type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow'

/** One of the process's two outputs. Colours only where it shows them: on a terminal, and not with NO_COLOR. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream
  #hasStatus = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  line(text = ''): void {
    this.clearStatus()
    this.#stream.write(`${text}\n`)
  }

  /** A last line that stands until the next is written. On anything but a terminal, nothing. */
  status(text: string): void {
    if (this.#stream.isTTY !== true) return
    this.#hasStatus = true
    this.#stream.write(`\r\u001b[K${text.slice(0, this.#stream.columns - 1)}`)
  }

  clearStatus(): void {
    if (this.#hasStatus) this.#stream.write('\r\u001b[K')
    this.#hasStatus = false
  }

  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }
}

/**
 * Text of a function or a client, made safe to print: it can't move the cursor, change colours or the
 * window's title, or turn the direction of writing. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Bidi_Control}]/gu, character =>
    character === '\n' || character === '\t' ? character : toEscape(character),
  )
}

function toEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `\\u${code.toString(16).padStart(4, '0')}`
}
