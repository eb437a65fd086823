/** What those who answer an invocation's host calls may want to know of its instance. */
export interface Meter {
  /** What its heap took when it was last measured, in bytes. */
  heapUsedBytes: number
  /** UTF-16 units of answers that its thread has not taken. */
  untakenChars: number
  /** Called when it has taken some, or will never take them. */
  onTaken: (() => void) | undefined
}
