import { CloudletError } from '../errors.ts'
import { printable } from './terminal.ts'

/**
 * An error as the command line shows it: code, message, and for a function's own failure the stack inside
 * its files. Only a fault of cloudlet itself shows a stack of the host.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof CloudletError)) {
    return `Unexpected error, please report it: ${error instanceof Error ? error.stack : String(error)}`
  }
  const details = error.details()
  const lines = [`${error.code}: ${printable(withPlace(error.message, details))}`]
  const stack = guestStack(error.message, details)
  if (stack !== undefined) lines.push(printable(stack))
  return lines.join('\n')
}

/** `index.js:3:9` before the message, unless the message tells it itself. */
function withPlace(message: string, details: Readonly<Record<string, unknown>>): string {
  const { file, line, column } = details
  if (typeof file !== 'string') return message
  const place = [file, line, column].filter(part => part !== undefined).join(':')
  return message.includes(place) ? message : `${place}: ${message}`
}

function guestStack(message: string, details: Readonly<Record<string, unknown>>): string | undefined {
  const guest = details['guest']
  if (typeof guest === 'object' && guest !== null) {
    if ('stack' in guest && typeof guest.stack === 'string' && guest.stack !== '') return guest.stack
    const name = 'name' in guest && typeof guest.name === 'string' ? guest.name : 'Error'
    return `${name}: ${message}`
  }
  const stack = details['guestStack']
  return typeof stack === 'string' && stack !== '' ? stack : undefined
}
