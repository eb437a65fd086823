import type { GuestFailure } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import {
  ES_WRAPPER,
  LOADER_PATH,
  PROGRAM_SCRIPT,
  type ProgramLine,
  RUNTIME_SCRIPT,
  START,
} from '../protocol/bridge.ts'
import type { Place, PlacePart } from '../protocol/places.ts'
import {
  ErrorCtor,
  JSONStringify,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectKeys,
  RegExpExec,
  StringCtor,
  StringIndexOf,
  StringSlice,
  StringStartsWith,
} from './intrinsics.ts'
import { quote } from './outbox.ts'

/** How far up an error's prototypes its name is looked for. */
const MAX_PROTOTYPES = 16

type FindPlace = (part: PlacePart, line: number, column: number) => Place | undefined

let lines: readonly ProgramLine[] = []
let findPlace: FindPlace = () => undefined

/**
 * Stack traces show the function's own files: the program script's lines are looked up in this table, and those of a
 * script that was made from another in the places of that.
 */
export function setProgramLines(table: readonly ProgramLine[], find: FindPlace): void {
  lines = table
  findPlace = find
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
    if (StringIndexOf(site, RUNTIME_SCRIPT) >= 0) continue
    const mapped = mapLocation(site)
    if (mapped !== undefined) text += `\n    at ${nameModule(mapped)}`
  }
  return text
}

/** V8 names a module's wrapper after the call it is an argument of; Node shows it so. */
function nameModule(site: string): string {
  const inferred = `${START}.modules`
  const at = StringIndexOf(site, ES_WRAPPER)
  if (at >= 0) {
    const async = StringStartsWith(site, 'async ') ? 'async ' : ''
    return async + StringSlice(site, StringIndexOf(site, ' (', at) + 2, site.length - 1)
  }
  return StringStartsWith(site, inferred) ? `Object.<anonymous>${StringSlice(site, inferred.length)}` : site
}

/** `name: message` as Error.prototype.toString has it, from values that are there: reading runs no user code. */
function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '<error>'
  const name = readPlain(error, 'name', 'Error')
  const message = readPlain(error, 'message', '')
  return message === '' ? name : `${name}: ${message}`
}

/** A string property of an object or its prototypes; a getter is not called. */
function readPlain(object: object, key: string, otherwise: string): string {
  let holder: object | null = object
  for (let depth = 0; holder !== null && depth < MAX_PROTOTYPES; depth++) {
    const value: unknown = ObjectGetOwnPropertyDescriptor(holder, key)?.value
    if (typeof value === 'string') return value
    holder = ObjectGetPrototypeOf(holder)
  }
  return otherwise
}

const LOCATION = /cloudlet:program:(\d+):(\d+)/

/** Rewrites `cloudlet:program:LINE:COLUMN` to the module's own `file:line:column`. Undefined for what is no user's. */
function mapLocation(text: string): string | undefined {
  const match = RegExpExec(LOCATION, text)
  if (match === null) return text
  const whole = match[0] as string
  const scriptLine = Number(match[1])
  const scriptColumn = Number(match[2])
  const [start, path, part] = findModule(scriptLine)
  if (path === LOADER_PATH) return undefined
  const line = scriptLine - start + 1
  const place = (part && findPlace(part, line, scriptColumn)) ?? { path, line, column: scriptColumn }
  const at = StringIndexOf(text, whole)
  return `${StringSlice(text, 0, at)}${place.path}:${place.line}:${place.column}${StringSlice(text, at + whole.length)}`
}

function findModule(line: number): ProgramLine {
  let found: ProgramLine = [1, PROGRAM_SCRIPT]
  for (let index = 0; index < lines.length; index++) {
    const entry = lines[index] as ProgramLine
    if (entry[0] > line) break
    found = entry
  }
  return found
}

/** A GuestFailure whose fields are JSON text. */
interface FailureText extends Omit<GuestFailure, 'fields'> {
  readonly fieldsText: string
}

/**
 * What a guest threw, as bounded data. Reading it may run the user's own getters, inside the isolate and
 * under the deadline, so that the host never has to.
 */
export function describeFailure(thrown: unknown): FailureText {
  if (!(thrown instanceof ErrorCtor)) {
    const text = bounded(
      safely(() => StringCtor(thrown), 'unprintable value'),
      LIMITS.failureMessageChars,
    )
    // The platform's own words for a rejection that isn't an Error (wxcloud-spec §1.10).
    const message = `${text}(callback err is not instance of Error)`
    return { name: 'Error', message, stack: message, fieldsText: writeFields(thrown) }
  }
  const name = bounded(
    safely(() => StringCtor(thrown.name), 'Error'),
    LIMITS.failureNameChars,
  )
  const message = bounded(
    safely(() => StringCtor(thrown.message), ''),
    LIMITS.failureMessageChars,
  )
  const stack = bounded(
    safely(() => StringCtor(thrown.stack ?? ''), ''),
    LIMITS.failureStackChars,
  )
  return {
    name,
    message,
    stack: stack === '' ? `${name}: ${message}` : stack,
    fieldsText: writeFields(thrown),
  }
}

/** Own enumerable fields that are JSON. One that isn't, is too deep, or is too large with the others, is left out. */
function writeFields(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '{}'
  const keys = safely(() => ObjectKeys(thrown), [])
  let fields = ''
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    const value = safely(() => JSONStringify((thrown as Record<string, unknown>)[key]), undefined)
    if (value === undefined || isTooDeep(value)) continue
    const field = `${quote(key)}:${value}`
    if (fields.length + field.length > LIMITS.failureFieldsChars) continue
    fields = fields === '' ? field : `${fields},${field}`
  }
  return `{${fields}}`
}

/** Counts brackets, those inside texts too: an error's fields have no use for hundreds. */
function isTooDeep(json: string): boolean {
  let depth = 0
  for (let index = 0; index < json.length; index++) {
    const char = json[index]
    if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    if (depth > LIMITS.valueDepth) return true
  }
  return false
}

function safely<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    // A getter or toString of the user's that throws says nothing we could pass on.
    return otherwise
  }
}

/** Cut to fit, a word on it included. */
function bounded(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const note = `… (cut, ${text.length} characters)`
  return StringSlice(text, 0, maxChars - note.length) + note
}
