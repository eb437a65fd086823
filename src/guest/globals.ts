import { makeConsole } from './console.ts'
import { installStackTraces } from './errors.ts'
import { installGuards } from './guards.ts'
import { defineValue, ObjectDefineProperty, TypeErrorCtor } from './intrinsics.ts'
import { loadBuffer } from './lazy.ts'
import { completeProcess, processObject } from './process.ts'
import { defineBuiltin } from './require.ts'
import { installTimers } from './timers.ts'

/** Puts on the global object what guest code expects of Node, in this order. */
export function installGlobals(target: Record<string, unknown>, report: (error: unknown) => void): void {
  const queueMicrotask = makeQueueMicrotask(report)
  installStackTraces()
  installGuards()
  define(target, 'global', target)
  define(target, 'console', makeConsole())
  completeProcess(queueMicrotask)
  define(target, 'process', processObject)
  defineLazily(target, 'Buffer', loadBuffer)
  define(target, 'TextEncoder', TextEncoder)
  define(target, 'TextDecoder', TextDecoder)
  define(target, 'atob', (text: unknown) => loadBuffer().from(String(text), 'base64').toString('latin1'))
  define(target, 'btoa', (text: unknown) => loadBuffer().from(String(text), 'latin1').toString('base64'))
  define(target, 'queueMicrotask', queueMicrotask)
  installTimers(target)
  defineBuiltin('buffer', () => ({ Buffer: loadBuffer(), SlowBuffer: loadBuffer(), kMaxLength: 0x7fffffff }))
  defineBuiltin('process', () => target.process)
  defineBuiltin('console', () => target.console)
  defineBuiltin('timers', () => {
    const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = target
    return { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate }
  })
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** A global made when it is first read; writing it before is as good. */
function defineLazily(target: Record<string, unknown>, name: string, make: () => unknown): void {
  ObjectDefineProperty(target, name, {
    get: () => {
      const value = make()
      defineValue(target, name, value)
      return value
    },
    set: value => defineValue(target, name, value),
    configurable: true,
    enumerable: false,
  })
}

function makeQueueMicrotask(report: (error: unknown) => void): (callback: unknown) => void {
  const runLater = async (callback: () => unknown): Promise<void> => {
    await undefined
    try {
      callback()
    } catch (error) {
      report(error)
    }
  }
  return callback => {
    if (typeof callback !== 'function') {
      throw new TypeErrorCtor('The "callback" argument must be of type function.')
    }
    void runLater(callback as () => unknown)
  }
}

/** UTF-8 only, as the platform's TextEncoder is. */
class TextEncoder {
  get encoding(): string {
    return 'utf-8'
  }

  encode(text: unknown = ''): Uint8Array {
    return new Uint8Array(loadBuffer().from(`${text}`, 'utf8'))
  }
}

class TextDecoder {
  get encoding(): string {
    return 'utf-8'
  }

  constructor(label: unknown = 'utf-8') {
    const name = `${label}`.toLowerCase()
    if (name !== 'utf-8' && name !== 'utf8') {
      throw new RangeError(
        `The "${name}" encoding is not offered to functions by this version of cloudlet; utf-8 is.`,
      )
    }
  }

  decode(bytes: Uint8Array | ArrayBuffer = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? loadBuffer().from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
      : loadBuffer().from(bytes)
    const start = view[0] === 0xef && view[1] === 0xbb && view[2] === 0xbf ? 3 : 0
    return view.toString('utf8', start)
  }
}
