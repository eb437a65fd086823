/**
 * Memory that the host shares with a guest, for when both are there: what lies there needs no trip through isolated-vm,
 * which costs either side more than a small function does (native-notes/isolated-vm.md). A letter is the text of one
 * crossing, or of what a guest says in one turn. User code never sees it, but shares the isolate with who does: what a
 * guest writes in it is worth as much as what it says by its callback.
 *
 * First words, 32-bit integers; behind them the letter in, and behind that the letter out, in UTF-16 units.
 */
export const MAIL_WORDS = 10
/** The longest letter, in UTF-16 units. A longer text, or one with bytes beside it, crosses as it does to who sleeps. */
export const LETTER_CHARS = 1024
const WORD_BYTES = 4
export const CHAR_BYTES = 2
export const LETTER_IN_START = MAIL_WORDS * WORD_BYTES
export const LETTER_OUT_START = LETTER_IN_START + LETTER_CHARS * CHAR_BYTES
export const MAIL_BYTES = LETTER_OUT_START + LETTER_CHARS * CHAR_BYTES

/** The word with the number of the newest entry, which the host writes: a guest that waits behind another stops. */
export const MAIL_NEWEST = 0
/** The entry behind which the guest's thread waits; CLOSED: it doesn't, or is to stop; LETTER: it did, and finds one. */
export const MAIL_WAITING = 1
/** The entry behind which it has begun to wait since it read a letter last. */
export const MAIL_BEGUN = 2
/** Units of the letter in. */
export const MAIL_IN_CHARS = 3
/** Whether the guest may leave a letter: CLOSED, OPEN, or LETTER when it has. */
export const MAIL_OUT = 4
/** Units of the letter out. */
export const MAIL_OUT_CHARS = 5
/** How often the guest had called back before it left that letter: what it said then comes first. */
export const MAIL_OUT_AFTER = 6

/** The entry behind which it was woken ahead of a letter, looked for that, and sleeps again. */
export const MAIL_IN_VAIN = 8
/** When it began to wait: the lower 32 bits of the time in milliseconds. */
export const MAIL_SINCE = 7

export const CLOSED = 0
export const OPEN = 1
/** No entry has this number. */
export const LETTER = -1

/** How long the thread stays in the isolate, asleep, for another letter, in milliseconds. */
export const LINGER_MS = 20
/** Times it looks for a letter when it is woken without one, before it sleeps again: 35 ns each once that is compiled. */
export const LOOKS = 400
