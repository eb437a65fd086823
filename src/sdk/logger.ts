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
      write(level, JSON.stringify(message))
    }
  return { log: writeAt('info'), info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') }
}
