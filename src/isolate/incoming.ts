import type { GuestFailure } from '../errors.ts'
import type { ToHost } from '../protocol/bridge.ts'

/** The guest sent something its runtime never sends: the instance can't be trusted and is disposed. */
export class BrokenBridge extends Error {}

type Fields = Readonly<Record<string, unknown>>

const LEVELS: ReadonlySet<unknown> = new Set(['debug', 'info', 'warn', 'error'])

/**
 * Reads one crossing from the guest. The runtime that wrote it shares an isolate with user code, so every
 * field is checked before it is used.
 *
 * @throws {BrokenBridge} when it isn't an array of the messages of protocol/bridge.ts.
 */
export function parseCrossing(text: unknown): ToHost[] {
  if (typeof text !== 'string') throw new BrokenBridge('A crossing without text.')
  let messages: unknown
  try {
    messages = JSON.parse(text)
  } catch (error) {
    throw new BrokenBridge('A crossing that is not JSON.', { cause: error })
  }
  if (!Array.isArray(messages)) throw new BrokenBridge('A crossing that is not a list.')
  return messages.map(checkMessage)
}

function checkMessage(message: unknown): ToHost {
  if (!isFields(message)) throw new BrokenBridge('A message that is not an object.')
  const check = CHECKS.get(message.type)
  if (check === undefined || !check(message))
    throw new BrokenBridge(`A malformed message "${String(message.type)}".`)
  return message as unknown as ToHost
}

const CHECKS: ReadonlyMap<unknown, (message: Fields) => boolean> = new Map([
  ['done', message => message.result !== undefined],
  ['threw', message => isFailure(message.failure)],
  ['unloadable', message => isFailure(message.failure)],
  ['unsendable', message => typeof message.path === 'string' && typeof message.message === 'string'],
  [
    'call',
    message =>
      Number.isSafeInteger(message.id) &&
      typeof message.op === 'string' &&
      isFields(message.args) &&
      (message.buffer === undefined || Number.isSafeInteger(message.buffer)),
  ],
  [
    'log',
    message =>
      LEVELS.has(message.level) && typeof message.message === 'string' && Number.isFinite(message.timeMs),
  ],
  [
    'wait',
    message =>
      typeof message.holdsLoop === 'boolean' &&
      (message.afterMs === null || (Number.isFinite(message.afterMs) && Number(message.afterMs) >= 0)),
  ],
])

function isFailure(value: unknown): value is GuestFailure {
  return (
    isFields(value) &&
    typeof value.name === 'string' &&
    typeof value.message === 'string' &&
    typeof value.stack === 'string' &&
    isFields(value.fields)
  )
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
