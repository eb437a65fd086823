import type { GuestLimits } from '../protocol/bridge.ts'
import type { LogLevel } from '../types.ts'
import {
  DateNow,
  ErrorCtor,
  MathMax,
  ReflectApply,
  StringIndexOf,
  StringRepeat,
  StringSlice,
} from './intrinsics.ts'
import { loadInspect } from './node.ts'
import { postLog } from './outbox.ts'
import { inspectPlain } from './plain-inspect.ts'

let maxLines = 0
let maxChars = 0
let lineCount = 0
let charCount = 0
let groupDepth = 0
let counts: Record<string, number> = {}
let startsMs: Record<string, number> = {}

export function setLogLimits({ logLines, logChars }: GuestLimits): void {
  maxLines = logLines
  maxChars = logChars
}

/** A new invocation starts with an empty allowance and no open groups. */
export function resetConsole(): void {
  lineCount = 0
  charCount = 0
  groupDepth = 0
}

/** Writes one line to the invocation's log, within its limits. */
export function writeLog(level: LogLevel, text: string): void {
  if (lineCount > maxLines || charCount > maxChars) return
  lineCount++
  const room = maxChars - charCount
  const indented = groupDepth === 0 ? text : StringRepeat('  ', groupDepth) + text
  charCount += indented.length
  const isOver = lineCount > maxLines || charCount > maxChars
  const message = isOver
    ? `${StringSlice(indented, 0, MathMax(room, 0))}… (log limit reached: ${maxLines} lines or ${maxChars} characters per invocation; the rest is dropped)`
    : indented
  postLog(level, message, DateNow())
}

function print(level: LogLevel): (...args: unknown[]) => void {
  return (...args) => writeLog(level, formatLine(args))
}

/** The `console` of guest code. Everything goes to the invocation's log, formatted as Node's util.format does. */
export function makeConsole(): Record<string, (...args: unknown[]) => void> {
  const log = print('info')
  const warn = print('warn')
  const debug = print('debug')
  const error = print('error')
  return {
    log,
    info: log,
    debug,
    warn,
    error,
    trace: (...args) => error(new ErrorCtor(`Trace: ${formatLine(args)}`).stack),
    dir: (value, options) => log(loadInspect().inspect(value, options)),
    dirxml: log,
    assert: (condition, ...args) => {
      if (!condition) error(`Assertion failed${args.length > 0 ? `: ${formatLine(args)}` : ''}`)
    },
    group: (...args) => {
      if (args.length > 0) ReflectApply(log, undefined, args)
      groupDepth++
    },
    groupCollapsed: (...args) => {
      if (args.length > 0) ReflectApply(log, undefined, args)
      groupDepth++
    },
    groupEnd: () => {
      if (groupDepth > 0) groupDepth--
    },
    count: (label = 'default') => {
      const key = `${label}`
      counts = { ...counts, [key]: (counts[key] ?? 0) + 1 }
      log(`${key}: ${counts[key]}`)
    },
    countReset: (label = 'default') => {
      counts = { ...counts, [`${label}`]: 0 }
    },
    time: (label = 'default') => {
      startsMs = { ...startsMs, [`${label}`]: DateNow() }
    },
    timeLog: (label = 'default', ...args) => {
      const rest = args.length > 0 ? ` ${formatLine(args)}` : ''
      log(elapsed(`${label}`) + rest)
    },
    timeEnd: (label = 'default') => {
      log(elapsed(`${label}`))
      const { [`${label}`]: _, ...rest } = startsMs
      startsMs = rest
    },
    table: rows => log(loadInspect().inspect(rows)),
  }
}

/** As util.format. Data that JSON could have been is written here; the rest by Node's own. */
function formatLine(args: unknown[]): string {
  let line = ''
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]
    const isFormat = index === 0 && args.length > 1
    const text =
      typeof arg !== 'string' ? inspectPlain(arg) : isFormat && StringIndexOf(arg, '%') >= 0 ? undefined : arg
    if (text === undefined) return ReflectApply(loadInspect().format, undefined, args)
    line = index === 0 ? text : `${line} ${text}`
  }
  return line
}

function elapsed(label: string): string {
  const startMs = startsMs[label]
  return startMs === undefined ? `No such label '${label}'` : `${label}: ${DateNow() - startMs}ms`
}
