import type { GuestFailure } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ToHost } from '../protocol/bridge.ts'

/** The guest sent something its runtime never sends: the instance can't be trusted and is disposed. */
export class BrokenBridge extends Error {}

/** The longest text the runtime sends of a failure, with room for what is added to it. */
const FAILURE_CHARS = 4 * LIMITS.failureMessageChars + 1024
/** The longest line of a log: as much as a host may let a whole log have. */
const LINE_CHARS = LIMITS.logChars + 1024
/** The longest delay a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1

type Fields = Readonly<Record<string, unknown>>

const LEVELS: ReadonlySet<unknown> = new Set(['debug', 'info', 'warn', 'error'])

/**
 * Reads one crossing from the guest. The runtime that wrote it shares an isolate with user code, so every
 * field is checked before it is used.
 *
 * @throws {BrokenBridge} when it isn't an array of the messages of protocol/bridge.ts.
 */
export function parseCrossing(text: unknown): ToHost[] {
  if (typeof text !== 'string' || text.length > LIMITS.crossingChars) {
    throw new BrokenBridge('A crossing without text, or with too much.')
  }
  let messages: unknown
  try {
    messages = JSON.parse(text)
  } catch (error) {
    throw new BrokenBridge('A crossing that is not JSON.', { cause: error })
  }
  if (!Array.isArray(messages) || messages.length > LIMITS.crossingMessages) {
    throw new BrokenBridge('A crossing that is not a list, or too long a one.')
  }
  for (const message of messages) {
    if (!isFields(message)) throw new BrokenBridge('A message that is not an object.')
    if (!isWellFormed(message)) throw new BrokenBridge(`A malformed message "${String(message.type)}".`)
  }
  return messages as ToHost[]
}

function isWellFormed(message: Fields): boolean {
  switch (message.type) {
    case 'done':
      return message.result !== undefined && isOver(message)
    case 'threw':
    case 'unloadable':
      return isFailure(message.failure) && isOver(message)
    case 'unsendable':
      return (
        isText(message.path, LIMITS.failureNameChars) &&
        isText(message.message, FAILURE_CHARS) &&
        isOver(message)
      )
    case 'call':
      return (
        Number.isSafeInteger(message.id) &&
        typeof message.op === 'string' &&
        isFields(message.args) &&
        (message.buffer === undefined || Number.isSafeInteger(message.buffer)) &&
        (message.window === undefined || Number.isSafeInteger(message.window)) &&
        (message.background === undefined || message.background === true)
      )
    case 'results':
      return (
        Array.isArray(message.results) &&
        message.results.length <= LIMITS.crossingMessages &&
        (message.turned === undefined || message.turned === true)
      )
    case 'more':
      return Number.isSafeInteger(message.id)
    case 'log':
      return (
        LEVELS.has(message.level) && isText(message.message, LINE_CHARS) && Number.isFinite(message.timeMs)
      )
    case 'wait':
      return message.afterMs === null || isDelay(message.afterMs)
    case 'unstarted':
      return Number.isSafeInteger(message.count) && (message.count as number) > 0
    case 'idle':
    case 'over':
    case 'turned':
    case 'exit':
      return true
    default:
      return false
  }
}

function isOver({ over }: Fields): boolean {
  return over === undefined || over === true
}

function isFailure(value: unknown): value is GuestFailure {
  return (
    isFields(value) &&
    isText(value.name, LIMITS.failureNameChars) &&
    isText(value.message, FAILURE_CHARS) &&
    isText(value.stack, FAILURE_CHARS) &&
    isFields(value.fields)
  )
}

function isText(value: unknown, maxChars: number): boolean {
  return typeof value === 'string' && value.length <= maxChars
}

function isDelay(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= MAX_DELAY_MS
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
