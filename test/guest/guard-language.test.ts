import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from '../random.ts'
import { makeRealms } from './realm.ts'

let realms: Awaited<ReturnType<typeof makeRealms>>

beforeAll(async () => {
  realms = await makeRealms()
})
afterAll(() => realms.dispose())

const compare = async (expression: string): Promise<void> => {
  expect(await realms.guarded(expression)).toBe(await realms.plain(expression))
}

/** Every method behind a guard, with arguments that make it work. */
const ARRAY_CALLS: Readonly<Record<string, readonly string[]>> = {
  concat: ['', '[1], [[2]], 3', '[, 1]'],
  copyWithin: ['0, 1', '1, 0, 2', '-2, -3, -1'],
  every: ['x => x !== 3', 'function () { return this === undefined }', 'Boolean, 1'],
  fill: ['9', '9, 1', '9, -2, -1', '9, 1n', '9, NaN, 2', '9, Infinity', '9, 0, -Infinity', ''],
  filter: ['(x, i) => i % 2', '(x, i, self) => self.length > 2'],
  flat: ['', '2', 'Infinity', '-1'],
  flatMap: ['x => [x, [x]]', 'x => x'],
  forEach: ['x => x', '1', ''],
  includes: ['3', 'NaN', 'undefined', '3, -1', '3, 1n'],
  indexOf: ['3', 'NaN', 'undefined', '3, -1', '3, {}'],
  join: ['', '"-"', 'undefined', 'null', 'Symbol()'],
  lastIndexOf: ['3', '3, -2', '3, undefined', '3, -Infinity'],
  map: ['x => [x]', '(x, i, self) => self === this', 'Math.abs'],
  reduce: ['(x, y) => [x, y]', '(x, y) => [x, y], 0', 'Math.max'],
  reduceRight: ['(x, y) => [x, y]', '(x, y) => [x, y], 0'],
  reverse: [''],
  shift: [''],
  slice: ['', '1', '-2', '1, -1', '0, 2 ** 40'],
  some: ['x => x === 3', 'x => x === undefined'],
  sort: ['', '(x, y) => y - x', 'undefined', 'null'],
  splice: ['', '1', '1, 1', '-2, 1, "a", "b"', '0, 0, "a"'],
  toLocaleString: ['', '"de"', '"not a locale"'],
  toReversed: [''],
  toSorted: ['', '(x, y) => y - x', 'null'],
  toSpliced: ['1, 1', '0, 0, "a"', ''],
  unshift: ['', '1', '1, 2'],
  with: ['0, 9', '-1, 9', '9, 9'],
}

const RECEIVERS = [
  '[]',
  '[1, 2, 3, 4]',
  '[3, , undefined, null, NaN, -0, "3"]',
  '[[1, [2, [3]]], [], [[]]]',
  '[1.5, 2.5, 3]',
  '["b", "a", , "c"]',
  'Object.freeze([1, 2, 3])',
  'Object.assign([1, 2, 3], { extra: 1 })',
  '(() => { const sparse = [1]; sparse[5000] = 3; return sparse })()',
  '{ length: 3, 0: 3, 2: "c" }',
  '{ length: "2", 0: 1, 1: 2, 2: 3 }',
  '{ length: -1, 0: 1 }',
  '{ length: NaN }',
  '{ length: 2.7, 0: 1, 1: 2 }',
  '{}',
  '"text"',
  'new String("text")',
  '5',
  'null',
  'undefined',
  'Symbol()',
  '{ length: Symbol() }',
  '{ length: 1n }',
  '{ get length() { throw new Error("length") } }',
  '{ length: { valueOf() { return 2 } }, 0: 3, 1: 3 }',
  'new Uint8Array([1, 2, 3])',
  '(function () { return arguments })(1, 2, 3)',
  'new (class Own extends Array {})(1, 2, 3)',
  'Object.defineProperty([1, 2], "constructor", { value: { [Symbol.species]: function (n) { this.n = n } } })',
  'new Proxy([3, 2, 1], {})',
  'new Proxy({ length: 2, 0: 3 }, { has: () => true, get: (o, k) => k === "1" ? "proxied" : o[k] })',
  'Object.create({ length: 2, 0: "inherited", 1: 3 })',
]

describe('array built-ins do what they did', () => {
  test.each(Object.entries(ARRAY_CALLS))('%s', async (name, calls) => {
    for (const receiver of RECEIVERS) {
      for (const args of calls) {
        // The receiver too, since some change it, and some give something else back.
        await compare(`(() => {
          const self = ${receiver}
          let outcome
          try { outcome = Array.prototype.${name}.call(self${args === '' ? '' : `, ${args}`}) }
          catch (error) { outcome = [error.constructor === globalThis[error.name], error.name, error.message] }
          return [outcome, outcome === self, Object(self) === self && typeof self.length === 'bigint' ? 0 : self]
        })()`)
      }
    }
  })

  test.each([
    '[1, 2, 3].map(function () { return this === globalThis }, undefined)',
    '[1, 2, 3].map(function () { "use strict"; return typeof this }, 5)',
    '[1, 2, 3].forEach.call([1], function (x, i, self) { return arguments.length })',
    'Array.prototype.lastIndexOf.length + Array.prototype.lastIndexOf.call([1, 2, 1], 1, undefined)',
    '(() => { const seen = []; [1, 2, 3].forEach((x, i, self) => { seen.push(x); if (i === 0) self.push(4) }); return seen })()',
    '(() => { const seen = []; [1, 2, 3].forEach((x, i, self) => { seen.push(x); self.length = 2 }); return seen })()',
    '(() => { class Own extends Array {} ; return [Own.from([1]).map(x => x).constructor.name, Own.from({ length: 1 }).constructor.name] })()',
    'Array.from({ length: 2, 0: "a" })',
    'Array.from({ length: 2 }, (x, i) => i)',
    'Array.from({ length: 2 }, undefined)',
    'Array.from({ length: 2 }, null)',
    'Array.from("text")',
    'Array.from(new Set([1, 1, 2]))',
    'Array.from(new Map([[1, 2]]), ([key]) => key)',
    'Array.from(5)',
    'Array.from(null)',
    'Array.from({ length: -1 })',
    'Array.from({ [Symbol.iterator]: null, length: 1 })',
    'Array.from({ [Symbol.iterator]: 5 })',
    'Array.from.call(Object, { length: 1, 0: "a" })',
    'Array.from.call(function (n) { this.n = n }, { length: 1, 0: "a" })',
    '[].concat({ length: 2, 0: "a", [Symbol.isConcatSpreadable]: true })',
    '[].concat(Object.assign([1], { [Symbol.isConcatSpreadable]: false }))',
    '[].concat({ get [Symbol.isConcatSpreadable]() { throw new Error("spread") } })',
    '[1, [2, 3]].toString()',
    '[1, [2, 3]].toLocaleString("de")',
    'String([[], [[1]], null])',
  ])('%s', compare)

  test('a length is read once more, before anything else', async () => {
    const log = (realm: 'guarded' | 'plain'): Promise<string> =>
      realms[realm](`(() => {
        const seen = []
        const spy = new Proxy([7], { get: (o, key) => { seen.push('get ' + String(key)); return o[key] }, has: (o, key) => { seen.push('has ' + String(key)); return key in o } })
        Array.prototype.forEach.call(spy, () => {})
        return seen.join()
      })()`)
    expect(await log('plain')).toBe('"get length,has 0,get 0"')
    expect(await log('guarded')).toBe('"get length,get length,has 0,get 0"')
  })
})

describe('other built-ins do what they did', () => {
  test.each([
    ...[
      '"a-b-c".split("-")',
      '"abc".split("")',
      '"a1b".split(/(\\d)/)',
      '"ab".split(undefined)',
      '"ab".split("", 1)',
    ],
    ...[
      'String.prototype.split.call(null)',
      'String.prototype.split.call(12321, 2)',
      '"x".split({ [Symbol.split]: () => "own" })',
    ],
    ...[
      '"aXa".replace("a", "$&$`")',
      '"aXa".replace(/a/g, m => m + 1)',
      '"aXa".replaceAll("a", "b")',
      '"aXa".replaceAll(/a/, "b")',
    ],
    ...[
      'String.prototype.replace.call(undefined)',
      '"a".replaceAll("a", { toString() { throw new Error("to") } })',
    ],
    ...[
      '"\\u0344".normalize("NFKD")',
      '"e\\u0301".normalize()',
      '"a".normalize("no form")',
      '("a" + "\\u0301".repeat(128)).normalize("NFC").length',
    ],
    ...[
      '"İX".toLowerCase()',
      '"IX".toLocaleLowerCase("tr")',
      '"ix".toLocaleUpperCase("tr")',
      '"x".toLocaleUpperCase("no locale!")',
    ],
    ...[
      '"abc".includes("b")',
      '"abc".includes(/b/)',
      '"abc".includes("a", 1)',
      '"abc".includes()',
      '"undefined".includes()',
    ],
    ...[
      '"abcabc".indexOf("c", 3)',
      '"abc".indexOf("", 9)',
      '"abc".indexOf("a", 1n)',
      'String.prototype.indexOf.call(121, 2)',
      '"abc".indexOf()',
    ],
    ...[
      '"abcabc".lastIndexOf("c", 4)',
      '"abc".lastIndexOf("")',
      '"abc".lastIndexOf("a", -1)',
      '"abc".lastIndexOf("c", NaN)',
      '"abc".lastIndexOf("b", 1n)',
    ],
    ...[
      '"a".anchor("\\"")',
      '"a".link()',
      '"a".fontcolor("red")',
      '"a".fontsize(7)',
      'String.prototype.link.call(null)',
    ],
    ...[
      'Object.keys("abc")',
      'Object.entries("ab")',
      'Object.values({ a: 1, [Symbol.iterator]: 2 })',
      'Object.keys(null)',
      'Object.keys()',
    ],
    ...[
      'Object.assign({}, "ab", null, undefined, 5, { c: 1 })',
      'Object.assign(null)',
      'Object.assign("ab", { c: 1 })',
      'Object.assign({ a: 1 })',
    ],
    ...[
      'Object.getOwnPropertyNames("ab")',
      'Object.getOwnPropertyDescriptors("a")',
      'Object.keys(new Proxy({ a: 1 }, { ownKeys: () => ["a", "b"] }))',
    ],
    ...[
      'Math.max.apply(null, [1, 3, 2])',
      'Math.max.apply(null)',
      'Math.max.apply(null, null)',
      'Math.max.apply(null, 5)',
      'Math.max.apply(null, "12")',
    ],
    ...[
      '(function () { return arguments.length }).apply(null, { length: 2 })',
      'Function.prototype.apply.call(5, null, [])',
      '(function () { return typeof this }).apply("a")',
    ],
    ...[
      '(function () { return Math.max.apply(undefined, arguments) })(1, 5)',
      '(() => 1).apply(null, new Proxy([], {}))',
      'Reflect.apply(Math.max, null, [1, 2])',
    ],
    ...[
      'Reflect.apply(Math.max, null)',
      'Reflect.apply(5, null, [])',
      'Reflect.construct(Date, [0]).getTime()',
      'Reflect.construct(Array, { length: 1, 0: 3 })',
    ],
    ...[
      'Reflect.construct(function () { this.target = new.target.name }, [], Date)',
      'Reflect.construct(Math.max, [])',
      'Reflect.construct(Date, 5)',
    ],
    ...[
      'JSON.stringify({ a: 1, b: 2 }, ["b"])',
      'JSON.stringify([1], null, 2)',
      'JSON.stringify({ a: 1 }, (key, value) => value)',
      'JSON.stringify()',
      'JSON.stringify(1n)',
    ],
    ...[
      // biome-ignore lint/suspicious/noTemplateCurlyInString: It is a program.
      'String.raw`a${1}\\n`',
      'String.raw({ raw: "abc" }, 1, 2, 3)',
      'String.raw({ raw: { length: 0 } })',
      'String.raw()',
      'String.raw({})',
      'String.raw({ raw: { length: 2, 0: 1n } })',
    ],
    ...[
      'new Intl.NumberFormat("de").format(1234.5)',
      'Intl.NumberFormat("en", { style: "percent" }).format(0.5)',
      'new Intl.NumberFormat(["xx-invalid-locale-tag", "en"])',
    ],
    ...[
      'new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(0)',
      'Intl.DateTimeFormat().resolvedOptions().locale',
      'new Intl.PluralRules("en").select(1)',
      'Intl.PluralRules("en")',
    ],
    ...[
      'new (class Own extends Intl.ListFormat { own() { return this.format(["a", "b"]) } })("en").own()',
      'Intl.getCanonicalLocales(["EN-us", "de"])',
      'Intl.getCanonicalLocales("x")',
    ],
    ...[
      'Intl.Collator.supportedLocalesOf(["en", "tlh"])',
      'Reflect.construct(Intl.Collator, ["de"], Array) instanceof Array',
      'Intl.Segmenter("en")',
      'new Intl.DisplayNames("en", { type: "region" }).of("CN")',
    ],
    ...[
      '(1234.5).toLocaleString("de")',
      '(12n).toLocaleString()',
      'new Date(0).toLocaleDateString("en", { timeZone: "UTC" })',
      '"a".localeCompare("b", "de")',
      '"a".localeCompare("b", {})',
    ],
    ...[
      'Number.prototype.toLocaleString.call("5")',
      'Date.prototype.toLocaleTimeString.call({})',
      '"a".localeCompare("b", null)',
      '(5).toLocaleString({ length: 1, 0: "de" })',
    ],
  ])('%s', compare)
})

describe('whatever the values (fast-check)', () => {
  const item = fc.oneof(
    fc.integer({ min: -3, max: 3 }).map(String),
    fc.constantFrom('', 'NaN', '-0', 'undefined', 'null', '"a"', '"b"', '[1]', '[]', '{}', '1.5'),
  )
  const array = fc.array(item, { maxLength: 8 }).map(items => `[${items.map(text => `${text},`).join('')}]`)
  const args = fc.array(fc.oneof(item, fc.constantFrom('Infinity', '-Infinity', '"2"', '0.7')), {
    maxLength: 3,
  })
  const names = Object.keys(ARRAY_CALLS)

  test('arrays', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), array, args, async (name, self, given) => {
        const list = given.map(text => (text === '' ? 'undefined' : text)).join()
        await compare(`(() => { const self = ${self}; return [self.${name}(${list}), self] })()`)
      }),
      { numRuns: 600 },
    )
  })

  test('texts', { timeout: 60_000 }, async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'A', 'ß', 'İ', '\u0301', '\u0316', '😀', '$&'),
      maxLength: 12,
    })
    const texts = [
      'split',
      'replace',
      'replaceAll',
      'normalize',
      'toLowerCase',
      'indexOf',
      'lastIndexOf',
      'includes',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        text,
        text,
        fc.oneof(text, fc.integer()),
        (name, self, first, second) =>
          compare(
            `${JSON.stringify(self)}.${name}(${name === 'normalize' ? '' : `${JSON.stringify(first)}, ${JSON.stringify(second)}`})`,
          ),
      ),
      { numRuns: 400 },
    )
  })
})
