import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeRealms } from './realm.ts'

let realms: Awaited<ReturnType<typeof makeRealms>>

beforeAll(async () => {
  realms = await makeRealms()
})
afterAll(() => realms.dispose())

const HOLDERS = [
  ...['Array', 'Array.prototype', 'BigInt.prototype', 'Date.prototype', 'Function.prototype', 'Intl', 'JSON'],
  ...['Number.prototype', 'Object', 'Reflect', 'String', 'String.prototype', 'Uint8Array.prototype'],
  ...['Intl.Collator', 'Intl.Collator.prototype', 'Intl.DateTimeFormat', 'Intl.DateTimeFormat.prototype'],
  ...['Intl.DisplayNames', 'Intl.DurationFormat', 'Intl.ListFormat', 'Intl.NumberFormat', 'Intl.PluralRules'],
  ...['Intl.RelativeTimeFormat', 'Intl.Segmenter', 'Intl.Segmenter.prototype'],
]

/** All that can be seen of the functions of an object without calling them. */
const describeFunctions = (holder: string): string => `Reflect.ownKeys(${holder}).map(key => {
  const { value, ...flags } = Reflect.getOwnPropertyDescriptor(${holder}, key)
  if (typeof value !== 'function') return [key, flags]
  let isConstructor = true
  try { Reflect.construct(Object, [], value) } catch { isConstructor = false }
  const keys = Reflect.ownKeys(value).filter(name => name !== 'arguments' && name !== 'caller')
  const own = keys.map(name => [name, { ...Reflect.getOwnPropertyDescriptor(value, name), value: 0 }])
  return [key, flags, value.name, value.length, isConstructor, own, Object.getPrototypeOf(value) === Function.prototype, Function.prototype.toString.call(value), String(value), Object.isExtensible(value)]
})`

test.each(HOLDERS)('the functions of %s look as V8 made them', async holder => {
  const described = await realms.guarded(describeFunctions(holder))
  expect(described).toContain('[native code]')
  expect(described).toBe(await realms.plain(describeFunctions(holder)))
})

const SAME = [
  'Uint8Array.prototype.__proto__.toString === Array.prototype.toString',
  'Array.prototype[Symbol.iterator] === Array.prototype.values',
  'Intl.NumberFormat.prototype.constructor === Intl.NumberFormat',
  'new Intl.NumberFormat() instanceof Intl.NumberFormat',
  'Intl.NumberFormat() instanceof Intl.NumberFormat',
  'class Own extends Intl.Collator {}, new (class extends Intl.Collator {})().compare("a", "b")',
  'Object.prototype.toString.call(Array.prototype.map)',
  'Object.keys(Array.prototype)',
  'typeof Array.prototype.fill.prototype',
  'new Array.prototype.fill()',
  'new Object.keys({})',
  'class extends Array.prototype.map {}',
  'Function.prototype.toString.call({})',
  'Function.prototype.toString.call(function own(a) { return a })',
  'Function.prototype.toString.call(Function.prototype.toString)',
  '"use strict"; Array.prototype.map.caller',
]

test.each(SAME)('%s', async expression => {
  const code = `eval(${JSON.stringify(expression)})`
  expect(await realms.guarded(code)).toBe(await realms.plain(code))
})
