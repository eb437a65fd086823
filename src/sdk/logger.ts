import { isObject } from './parameters.ts'

/** The levels `cloud.logger()` writes at; its `log` is `info`. */
export type LoggerLevel = 'info' | 'warn' | 'error'

/** `cloud.logger()`: structured lines in the invocation's log. Throws for anything but an object. */
export interface Logger {
  log(message: object): void
  info(message: object): void
  warn(message: object): void
  error(message: object): void
}

export function createLogger(write: (level: LoggerLevel, message: string) => void): Logger {
  const writeAt =
    (level: LoggerLevel) =>
    (message: object): void => {
      if (!isObject(message)) throw new Error('log msg must be an object')
      write(level, textOf(message))
    }
  return { log: writeAt('info'), info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') }
}

/** JSON, with text in the place of what JSON can't hold: a logger must not fail for what it is given. */
function textOf(message: object): string {
  const ancestors: object[] = []
  return JSON.stringify(message, function (this: object, _key, value: unknown) {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'object' || value === null) return value
    // `this` holds the value; whatever stood below it is done.
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop()
    if (ancestors.includes(value)) return '[Circular]'
    ancestors.push(value)
    return value
  })
}
