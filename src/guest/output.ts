import { writeLog } from './console.ts'
import { ErrorCtor, ReflectApply, StringSplit } from './intrinsics.ts'
import { processObject } from './process.ts'

/** What of `process` writes to the log. */
export function makeOutputs(): object {
  return { emitWarning, stdout: makeOutput(1, 'info'), stderr: makeOutput(2, 'error') }
}

/** A warning is a line of the log, in Node's form. */
function emitWarning(warning: unknown, options?: unknown, code?: unknown): void {
  const isError = warning instanceof ErrorCtor
  const given =
    typeof options === 'object' && options !== null ? (options as { type?: unknown; code?: unknown }) : {}
  const type = isError ? warning.name : (given.type ?? (typeof options === 'string' ? options : 'Warning'))
  const id = given.code ?? code
  if (type === 'DeprecationWarning' && processObject.noDeprecation === true) return
  const message = isError ? warning.message : warning
  writeLog('warn', `${id === undefined ? '' : `[${id}] `}${type}: ${message}`)
}

/** `process.stdout` and `process.stderr`: each line written is a line of the log. */
function makeOutput(fd: number, level: 'info' | 'error'): object {
  let started = ''
  return {
    fd,
    isTTY: false,
    writable: true,
    write: (text: unknown, ...rest: unknown[]) => {
      const lines = StringSplit(`${started}${text}`, '\n')
      const last = lines.length - 1
      started = lines[last] as string
      for (let index = 0; index < last; index++) writeLog(level, lines[index] as string)
      const callback = rest[rest.length - 1]
      if (typeof callback === 'function') ReflectApply(callback as () => unknown, undefined, [])
      return true
    },
    end: () => {},
    on: ignoreListener,
    once: ignoreListener,
    off: ignoreListener,
    removeListener: ignoreListener,
    emit: () => false,
  }
}

function ignoreListener(this: unknown): unknown {
  return this
}
