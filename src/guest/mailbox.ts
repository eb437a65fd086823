import {
  CLOSED,
  LETTER,
  LETTER_CHARS,
  LETTER_IN_START,
  LETTER_OUT_START,
  LINGER_MS,
  LOOKS,
  MAIL_BEGUN,
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
import {
  AtomicsCompareExchange,
  AtomicsLoad,
  AtomicsStore,
  AtomicsWait,
  DateNow,
  Int32ArrayCtor,
  StringCharCodeAt,
  StringFromCharCode,
  Uint16ArrayCtor,
} from './intrinsics.ts'

let words: Int32Array | undefined
let letterIn: Uint16Array
let letterOut: Uint16Array
let pause: () => void
/** Times the guest has called back. */
let calledBack = 0

/** Takes it before user code runs: while the snapshot is made, there is none. */
export function keepPause(): void {
  // Node 24 has it; TypeScript's library doesn't know it yet.
  pause = (Atomics as unknown as { pause(): void }).pause
}

/** Takes the memory, which the host hands over once. */
export function openMailbox(memory: SharedArrayBuffer): void {
  if (words !== undefined) return
  words = new Int32ArrayCtor(memory, 0, MAIL_WORDS)
  letterIn = new Uint16ArrayCtor(memory, LETTER_IN_START, LETTER_CHARS)
  letterOut = new Uint16ArrayCtor(memory, LETTER_OUT_START, LETTER_CHARS)
}

/**
 * Keeps the thread in the isolate behind an entry, asleep: until there is a letter, which it returns, or the next entry,
 * or that takes too long. Who is woken ahead of a letter looks for it.
 */
export function linger(entry: number): string | undefined {
  const view = words as Int32Array
  AtomicsStore(view, MAIL_SINCE, DateNow() | 0)
  AtomicsStore(view, MAIL_IN_VAIN, CLOSED)
  AtomicsStore(view, MAIL_BEGUN, entry)
  AtomicsStore(view, MAIL_WAITING, entry)
  if (AtomicsLoad(view, MAIL_NEWEST) === entry) {
    while (AtomicsWait(view, MAIL_WAITING, entry, LINGER_MS) === 'ok' && !look(view, entry));
  }
  if (AtomicsCompareExchange(view, MAIL_WAITING, entry, CLOSED) !== LETTER) return undefined
  AtomicsStore(view, MAIL_BEGUN, CLOSED)
  return readLetter(view)
}

/** Whether the wait is over. */
function look(view: Int32Array, entry: number): boolean {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (AtomicsLoad(view, MAIL_WAITING) !== entry) return true
    pause()
  }
  AtomicsStore(view, MAIL_IN_VAIN, entry)
  return false
}

/** Eight units at a time: whatever took all together would ask the array for its length, which user code may answer. */
function readLetter(view: Int32Array): string {
  const length = view[MAIL_IN_CHARS] as number
  let text = ''
  let at = 0
  for (; at + 8 <= length; at += 8) {
    // biome-ignore format: one call.
    text += StringFromCharCode(unitAt(at), unitAt(at + 1), unitAt(at + 2), unitAt(at + 3), unitAt(at + 4), unitAt(at + 5), unitAt(at + 6), unitAt(at + 7))
  }
  for (; at < length; at++) text += StringFromCharCode(unitAt(at))
  return text
}

function unitAt(index: number): number {
  return letterIn[index] as number
}

/** False if the host doesn't look for letters at the moment, or the text is too long for one. */
export function leaveLetter(text: string): boolean {
  const { length } = text
  if (words === undefined || length > LETTER_CHARS || AtomicsLoad(words, MAIL_OUT) !== OPEN) return false
  for (let index = 0; index < length; index++) letterOut[index] = StringCharCodeAt(text, index)
  words[MAIL_OUT_CHARS] = length
  words[MAIL_OUT_AFTER] = calledBack
  return AtomicsCompareExchange(words, MAIL_OUT, OPEN, LETTER) === OPEN
}

/** The guest says something by its callback: a letter that it leaves from now on is read behind that. */
export function noteCallback(): void {
  calledBack = (calledBack + 1) | 0
}
