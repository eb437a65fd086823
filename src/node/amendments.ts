import { NO_LISTENING } from './binding-tcp-wrap.ts'
import { makeRetiredCiphers } from './crypto-retired.ts'
import { FetchDispatcher } from './fetch-dispatcher.ts'
import { notOffered } from './not-offered.ts'
import type { Amend } from './realm.ts'

/**
 * What modules have here beyond Node's own: above all what they had in the versions that the platform runs (16 to
 * 20), and Node has dropped since. Packages of that time use it: put back, as it was, where it is gone.
 */
export const AMENDMENTS: Readonly<Record<string, Amend>> = {
  // At once, whatever it is given: it would look a name up first, and throw where nobody catches it.
  net: ({ Server }) => {
    ;(Server as { prototype: { listen: unknown } }).prototype.listen = function listen(): never {
      throw notOffered('listening sockets', NO_LISTENING)
    }
  },
  'internal/deps/undici/undici': (undici, realm) => {
    const { setGlobalDispatcher } = undici as { setGlobalDispatcher: (dispatcher: object) => void }
    setGlobalDispatcher(new FetchDispatcher(realm))
  },
  // What Node's start does once.
  'internal/util/debuglog': debuglog => (debuglog.initializeDebugEnv as (names?: string) => void)(),
  util: (util, { load }) => {
    // Tells `promisify` what the global timers become.
    load('timers')
    const types = load('internal/util/types')
    putBack(util, {
      isArray: Array.isArray,
      isBoolean: (value: unknown) => typeof value === 'boolean',
      isBuffer: (value: unknown) => load('buffer').Buffer.isBuffer(value),
      isDate: types.isDate,
      isError: (value: unknown) => types.isNativeError(value) || value instanceof Error,
      isFunction: (value: unknown) => typeof value === 'function',
      isNull: (value: unknown) => value === null,
      isNullOrUndefined: (value: unknown) => value === null || value === undefined,
      isNumber: (value: unknown) => typeof value === 'number',
      isObject: (value: unknown) => value !== null && typeof value === 'object',
      isPrimitive: (value: unknown) =>
        value === null || (typeof value !== 'object' && typeof value !== 'function'),
      isRegExp: types.isRegExp,
      isString: (value: unknown) => typeof value === 'string',
      isSymbol: (value: unknown) => typeof value === 'symbol',
      isUndefined: (value: unknown) => value === undefined,
      _extend: (target: object, source: unknown) =>
        source !== null && typeof source === 'object' ? Object.assign(target, source) : target,
    })
  },
  // Node has them work in another context, of which there is none: what they leave in RegExp.$1 can be seen here.
  'internal/util': (util, { primordials }) => {
    Object.assign(util, {
      SideEffectFreeRegExpPrototypeExec: primordials.RegExpPrototypeExec,
      SideEffectFreeRegExpPrototypeSymbolReplace: primordials.RegExpPrototypeSymbolReplace,
      SideEffectFreeRegExpPrototypeSymbolSplit: primordials.RegExpPrototypeSymbolSplit,
    })
  },
  'internal/crypto/util': (_util, { binding }) => binding('crypto').markEvaluated(),
  crypto: (crypto, realm) => putBack(crypto, makeRetiredCiphers(realm)),
  buffer: (buffer, { load }) => {
    const { Buffer } = load('buffer')
    putBack(buffer, { SlowBuffer: (size: number) => Buffer.allocUnsafeSlow(size) })
  },
}

function putBack(target: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (Object.hasOwn(target, name)) continue
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
  }
}
