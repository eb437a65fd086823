import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { makeRealms } from './realm.ts'

let realms: Awaited<ReturnType<typeof makeRealms>>

beforeAll(async () => {
  realms = await makeRealms()
})
afterAll(() => realms.dispose())

const { builtinItems, builtinChars, builtinTextKeys, builtinArguments, builtinLocales, builtinMarks } = LIMITS

const refusalOf = (length: number, limit: number): RegExp =>
  new RegExp(`^throws .*"RangeError".* was given a length of ${length}; the limit is ${limit}\\.`)

const ITEM_CALLS = [
  ...[
    'every(Boolean)',
    'filter(Boolean)',
    'flat()',
    'flatMap(Array)',
    'forEach(Array)',
    'includes(1)',
    'indexOf(1)',
  ],
  ...[
    'join()',
    'lastIndexOf(1)',
    'map(Array)',
    'reduce(Array)',
    'reduceRight(Array)',
    'reverse()',
    'shift()',
    'slice()',
  ],
  ...[
    'some(Boolean)',
    'sort()',
    'splice(0, 1)',
    'toLocaleString()',
    'toReversed()',
    'toSorted()',
    'toSpliced(0, 1)',
  ],
  ...['unshift(1)', 'with(0, 1)', 'copyWithin(1, 0)'],
]

describe('one over the limit', () => {
  test.each(ITEM_CALLS)('items: %s', async call => {
    const [name, rest = ''] = call.split(/\((.*)/s)
    const self = `{ length: ${builtinItems + 1} }`
    const list = rest === ')' ? '' : `, ${rest.slice(0, -1)}`
    expect(await realms.guarded(`Array.prototype.${name}.call(${self}${list})`)).toMatch(
      refusalOf(builtinItems + 1, builtinItems),
    )
    // A real array is no exception.
    expect(await realms.guarded(`new Array(${builtinItems + 1}).${call}`)).toMatch(
      refusalOf(builtinItems + 1, builtinItems),
    )
  })

  test.each([
    ['Array.from({ length: N })', builtinItems],
    ['[].concat({ length: N, [Symbol.isConcatSpreadable]: true })', builtinItems],
    ['JSON.stringify({}, new Array(N))', builtinItems],
    ['String.raw({ raw: { length: N } })', builtinItems],
    ['"x".repeat(N).split("")', builtinChars],
    ['"x".repeat(N).replace("x", "")', builtinChars],
    ['"x".repeat(N).replaceAll("x", "")', builtinChars],
    ['"x".repeat(N).normalize()', builtinChars],
    ['"x".repeat(N).toLowerCase()', builtinChars],
    ['"x".repeat(N).toLocaleLowerCase()', builtinChars],
    ['"x".repeat(N).toLocaleUpperCase()', builtinChars],
    ['"".anchor("x".repeat(N))', builtinChars],
    ['"".fontcolor("x".repeat(N))', builtinChars],
    ['"".fontsize("x".repeat(N))', builtinChars],
    ['"".link("x".repeat(N))', builtinChars],
    ['Object.keys("x".repeat(N))', builtinTextKeys],
    ['Object.values("x".repeat(N))', builtinTextKeys],
    ['Object.entries("x".repeat(N))', builtinTextKeys],
    ['Object.getOwnPropertyNames("x".repeat(N))', builtinTextKeys],
    ['Object.getOwnPropertyDescriptors("x".repeat(N))', builtinTextKeys],
    ['Object.assign({}, {}, "x".repeat(N))', builtinTextKeys],
    ['Math.max.apply(null, new Array(N))', builtinArguments],
    ['Math.max.apply(null, { length: N })', builtinArguments],
    ['Reflect.apply(Math.max, null, new Array(N))', builtinArguments],
    ['Reflect.construct(Date, new Array(N))', builtinArguments],
    ['new Intl.NumberFormat({ length: N })', builtinLocales],
    ['Intl.DateTimeFormat({ length: N })', builtinLocales],
    ['Intl.Collator.supportedLocalesOf({ length: N })', builtinLocales],
    ['Intl.getCanonicalLocales({ length: N })', builtinLocales],
    ['(1).toLocaleString({ length: N })', builtinLocales],
    ['[1].toLocaleString({ length: N })', builtinLocales],
    ['new Uint8Array(1).toLocaleString({ length: N })', builtinLocales],
    ['(1n).toLocaleString({ length: N })', builtinLocales],
    ['new Date(0).toLocaleString({ length: N })', builtinLocales],
    ['new Date(0).toLocaleDateString({ length: N })', builtinLocales],
    ['new Date(0).toLocaleTimeString({ length: N })', builtinLocales],
    ['"a".localeCompare("b", { length: N })', builtinLocales],
    ['"a".toLocaleUpperCase({ length: N })', builtinLocales],
  ] as const)('%s', async (call, limit) => {
    const expression = call.replaceAll(/\bN\b/g, String(limit + 1))
    expect(await realms.guarded(expression)).toMatch(refusalOf(limit + 1, limit))
  })

  test('combining marks', async () => {
    const marked = (count: number): string => `("a" + "\\u0316".repeat(${count})).normalize("NFD").length`
    expect(await realms.guarded(marked(builtinMarks))).toBe(String(builtinMarks + 1))
    expect(await realms.guarded(marked(builtinMarks + 1))).toContain('"RangeError"')
  })
})

describe('at the limit', () => {
  test.each([
    ['Array.prototype.every.call({ length: N }, Boolean)', builtinItems, 'true'],
    ['Array.prototype.includes.call({ length: N - 1, 0: 1 }, 1)', builtinItems, 'true'],
    ['"x".repeat(N).split("y").length', builtinChars, '1'],
    ['Object.keys("x".repeat(N)).length', builtinTextKeys, 'N'],
    ['Intl.getCanonicalLocales({ length: N, 0: "en" }).length', builtinLocales, '1'],
  ] as const)('%s', { timeout: 60_000 }, async (call, limit, expected) => {
    const expression = call.replaceAll(/\bN\b/g, String(limit))
    expect(await realms.guarded(expression)).toBe(expected.replace('N', String(limit)))
  })

  test('V8 itself refuses so many arguments', async () => {
    const call = `Math.max.apply(null, new Array(${builtinArguments}))`
    expect(await realms.guarded(call)).toBe(await realms.plain(call))
    expect(await realms.plain(call)).toContain('Maximum call stack size exceeded')
  })
})
