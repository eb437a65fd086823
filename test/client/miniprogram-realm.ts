import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Context, createContext, runInContext } from 'node:vm'
import { TestWx } from './miniprogram-wx.ts'

/** The built file, as a mini-program gets it. */
export const BUNDLE = fileURLToPath(new URL('../../dist/miniprogram/index.js', import.meta.url))

/** A context that has what mini-programs have, and nothing later than 2017; in it `require('cloudlet')` is the bundle. */
export function openRealm(
  directory: string,
  text = readFileSync(BUNDLE, 'utf8'),
  before?: TestWx,
): { wx: TestWx; realm: Context } {
  const realm = createContext({}, { codeGeneration: { strings: false, wasm: false } })
  runInContext(AGE, realm)
  const wx = new TestWx(directory, runInContext('ArrayBuffer', realm), before)
  Object.assign(realm, { wx, console, setTimeout, clearTimeout, setInterval, clearInterval })
  // As a mini-program loads a script: as the body of a function.
  const load = runInContext(`(function (module, exports, require) {${text}\n})`, realm, { filename: BUNDLE })
  const module = { exports: {} }
  load(module, module.exports, undefined)
  realm['require'] = (name: string): unknown => {
    if (name === 'cloudlet') return module.exports
    throw new Error(`There is no ${name}.`)
  }
  return { wx, realm }
}

/** Takes away what came later, or what mini-programs never had. `globalThis` goes last. */
const AGE = `
for (const name of [
  'AggregateError', 'AsyncDisposableStack', 'Atomics', 'BigInt', 'BigInt64Array', 'BigUint64Array',
  'DisposableStack', 'FinalizationRegistry', 'Float16Array', 'Intl', 'Iterator', 'Proxy', 'SharedArrayBuffer',
  'SuppressedError', 'Temporal', 'WeakRef', 'WebAssembly', 'eval',
]) delete globalThis[name]
const later = [
  [Object, 'fromEntries', 'groupBy', 'hasOwn'],
  [Promise, 'allSettled', 'any', 'try', 'withResolvers'],
  [Promise.prototype, 'finally'],
  [Map, 'groupBy'],
  [Array, 'fromAsync'],
  [Array.prototype, 'at', 'findLast', 'findLastIndex', 'flat', 'flatMap', 'toReversed', 'toSorted', 'toSpliced', 'with'],
  [String.prototype, 'at', 'isWellFormed', 'matchAll', 'replaceAll', 'toWellFormed', 'trimEnd', 'trimStart'],
  [Symbol.prototype, 'description'],
  [Object.getPrototypeOf(Uint8Array.prototype), 'at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'with'],
  [ArrayBuffer.prototype, 'resize', 'transfer', 'transferToFixedLength'],
  [Set.prototype, 'difference', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf', 'symmetricDifference', 'union'],
  [Error, 'captureStackTrace', 'isError'],
  [Uint8Array, 'fromBase64', 'fromHex'],
]
for (const [owner, ...names] of later) for (const name of names) delete owner[name]
delete globalThis.globalThis
`
