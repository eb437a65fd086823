import type { GuestFailure } from '../errors.ts'
import { PROGRAM_SCRIPT, type Program, RUNTIME_SCRIPT, START } from '../protocol/bridge.ts'
import {
  ErrorCtor,
  JSONParse,
  JSONStringify,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectKeys,
  RegExpExec,
  StringCtor,
  StringIndexOf,
  StringSlice,
  StringStartsWith,
} from './intrinsics.ts'

/** Bounds on what of an error crosses, in characters; longer text is cut. */
const MAX_MESSAGE = 64 * 1024
const MAX_STACK = 16 * 1024
const MAX_FIELDS = 64 * 1024

let lines: Program['lines'] = []

/** Stack traces show the function's own files: the program script's lines are looked up in this table. */
export function setProgramLines(table: Program['lines']): void {
  lines = table
}

/** Makes `error.stack` name the function's own files and leave the runtime out. */
export function installStackTraces(): void {
  ObjectDefineProperty(ErrorCtor, 'prepareStackTrace', {
    value: formatStack,
    writable: true,
    configurable: true,
    enumerable: false,
  })
}

function formatStack(error: unknown, sites: readonly unknown[]): string {
  let text = describeError(error)
  for (let index = 0; index < sites.length; index++) {
    const site = StringCtor(sites[index])
    if (StringIndexOf(site, RUNTIME_SCRIPT) < 0) text += `\n    at ${mapLocation(nameModule(site))}`
  }
  return text
}

/** V8 names a module's wrapper after the call it is an argument of; Node shows it so. */
function nameModule(site: string): string {
  const inferred = `${START}.modules`
  return StringStartsWith(site, inferred) ? `Object.<anonymous>${StringSlice(site, inferred.length)}` : site
}

function describeError(error: unknown): string {
  try {
    return StringCtor(error)
  } catch {
    // A toString of the user's own that throws: V8 prints the same word.
    return '<error>'
  }
}

const LOCATION = /cloudlet:program:(\d+):(\d+)/

/** Rewrites `cloudlet:program:LINE:COLUMN` to the module's own `file:line:column`. */
export function mapLocation(text: string): string {
  const match = RegExpExec(LOCATION, text)
  if (match === null) return text
  const whole = match[0] as string
  const line = match[1] as string
  const column = match[2] as string
  const { path, start } = findModule(Number(line))
  const at = StringIndexOf(text, whole)
  return `${StringSlice(text, 0, at)}${path}:${Number(line) - start + 1}:${column}${StringSlice(text, at + whole.length)}`
}

function findModule(line: number): { path: string; start: number } {
  let found = { path: PROGRAM_SCRIPT as string, start: 1 }
  for (let index = 0; index < lines.length; index++) {
    const entry = lines[index] as readonly [number, string]
    if (entry[0] > line) break
    found = { path: entry[1], start: entry[0] }
  }
  return found
}

/**
 * What a guest threw, as bounded data. Reading it may run the user's own getters, inside the isolate and
 * under the deadline, so that the host never has to.
 */
export function describeFailure(thrown: unknown): GuestFailure {
  if (!(thrown instanceof ErrorCtor)) {
    const text = bounded(
      safely(() => StringCtor(thrown), 'unprintable value'),
      MAX_MESSAGE,
    )
    // The platform's own words for a rejection that isn't an Error (wxcloud-spec §1.10).
    const message = `${text}(callback err is not instance of Error)`
    return { name: 'Error', message, stack: message, fields: copyFields(thrown) }
  }
  const name = bounded(
    safely(() => StringCtor(thrown.name), 'Error'),
    256,
  )
  const message = bounded(
    safely(() => StringCtor(thrown.message), ''),
    MAX_MESSAGE,
  )
  const stack = bounded(
    safely(() => StringCtor(thrown.stack ?? ''), ''),
    MAX_STACK,
  )
  return { name, message, stack: stack === '' ? `${name}: ${message}` : stack, fields: copyFields(thrown) }
}

/** Own enumerable fields that are JSON. One that isn't, or a set too large together, is left out. */
function copyFields(thrown: unknown): Record<string, unknown> {
  const fields = ObjectCreate(null)
  if (typeof thrown !== 'object' || thrown === null) return fields
  const keys = safely(() => ObjectKeys(thrown), [])
  let room = MAX_FIELDS
  for (let index = 0; index < keys.length && room > 0; index++) {
    const key = keys[index] as string
    const text = safely(() => JSONStringify((thrown as Record<string, unknown>)[key]), undefined)
    if (text === undefined || text.length + key.length > room) continue
    room -= text.length + key.length
    ObjectDefineProperty(fields, key, { value: JSONParse(text), enumerable: true })
  }
  return fields
}

function safely<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    // A getter or toString of the user's that throws says nothing we could pass on.
    return otherwise
  }
}

function bounded(text: string, maxChars: number): string {
  return text.length > maxChars ? `${StringSlice(text, 0, maxChars)}… (cut, ${text.length} characters)` : text
}
