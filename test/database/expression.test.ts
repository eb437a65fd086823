import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/database/document.ts'
import { scopeOf } from '../../src/database/evaluation.ts'
import { ExpressionCompiler } from '../../src/database/expression-compiler.ts'
import { LIMITS } from '../../src/limits.ts'
import { failure } from './rejection.ts'

/** Spelt so that nobody takes an operand for a promise. */
const THEN = 'then'
const NOW_MS = Date.UTC(2024, 1, 29, 12)
const at = new Date(Date.UTC(2018, 9, 20, 1, 46, 40, 7))
const document: Document = {
  _id: 1,
  n: 7,
  neg: -2.5,
  nan: Number.NaN,
  text: 'Héllo 中',
  empty: '',
  nothing: null,
  flag: false,
  at,
  list: [3, 1, 2],
  items: [{ sku: 'a', n: 2 }, { sku: 'b' }, 5, [{ sku: 'c' }]],
  size: { w: 1, h: 2 },
}
// Not in the literal above, where they would be syntax of their own.
Object.defineProperty(document, '__proto__', { value: 'own', enumerable: true, configurable: true })
Object.assign(document, { constructor: { name: 5 } })

function evaluate(expression: unknown): unknown {
  return new ExpressionCompiler(NOW_MS).compile(expression)(scopeOf(document))
}

/** Null in this table is null; a missing result is undefined. */
const CASES: [expression: unknown, expected: unknown][] = [
  ['$n', 7],
  ['$missing', undefined],
  ['$size.w', 1],
  ['$items.sku', ['a', 'b']],
  ['$items.n', [2]],
  ['$list.0', []],
  ['$n.a', undefined],
  ['$__proto__', 'own'],
  ['$constructor.name', 5],
  ['$toString', undefined],
  ['plain', 'plain'],
  [
    ['$n', '$missing'],
    [7, null],
  ],
  [
    { a: '$n', b: '$missing', c: '$nothing' },
    { a: 7, c: null },
  ],
  ['$$ROOT.n', 7],
  ['$$CURRENT.size.h', 2],
  ['$$REMOVE', undefined],
  ['$$NOW', new Date(NOW_MS)],
  [{ $literal: { $add: ['$n'] } }, { $add: ['$n'] }],

  [{ $abs: '$neg' }, 2.5],
  [{ $abs: ['$nothing'] }, null],
  [{ $add: [] }, 0],
  [{ $add: [0.1, 0.2, 0.3] }, 0.6],
  [{ $add: ['$at', 1000] }, new Date(at.getTime() + 1000)],
  [{ $add: ['$n', '$missing'] }, null],
  [{ $add: ['$n', '$nan'] }, Number.NaN],
  [{ $ceil: '$neg' }, -2],
  [{ $floor: '$neg' }, -3],
  [{ $divide: ['$n', 2] }, 3.5],
  [{ $divide: ['$nan', 2] }, Number.NaN],
  [{ $exp: 0 }, 1],
  [{ $ln: 1 }, 0],
  [{ $log: [8, 2] }, 3],
  [{ $log: [1000, 10] }, 3],
  [{ $log10: 1000 }, 3],
  [{ $mod: [-7, 3] }, -1],
  [{ $mod: ['$nothing', 3] }, null],
  [{ $multiply: ['$n', '$nan'] }, Number.NaN],
  [{ $multiply: [] }, 1],
  [{ $pow: [2, 10] }, 1024],
  [{ $sqrt: 9 }, 3],
  [{ $subtract: ['$at', '$at'] }, 0],
  [{ $subtract: ['$at', 7] }, new Date(at.getTime() - 7)],
  [{ $trunc: '$neg' }, -2],
  [{ $trunc: [1234.567, 2] }, 1234.56],
  [{ $trunc: [1234.567, -2] }, 1200],
  [{ $round: [2.675, 2] }, 2.67],
  [{ $round: [10.5, 0] }, 10],
  [{ $round: 11.5 }, 12],
  [{ $round: [-15, -1] }, -20],
  [{ $round: [5e-324, 3] }, 0],

  [{ $and: [] }, true],
  [{ $and: [1, '$empty', '$nan'] }, true],
  [{ $and: ['$missing', { $divide: [1, 0] }] }, false],
  [{ $or: ['$flag', 0, null] }, false],
  [{ $or: [true, { $divide: [1, 0] }] }, true],
  [{ $not: ['$empty'] }, false],
  [{ $not: '$missing' }, true],
  [{ $cmp: ['$missing', null] }, -1],
  [{ $cmp: [10, 9] }, 1],
  [{ $eq: ['$missing', null] }, false],
  [{ $eq: ['$nothing', null] }, true],
  [{ $eq: ['$list', 3] }, false],
  [{ $eq: ['$size', { h: 2, w: 1 }] }, false],
  [{ $ne: ['$n', 7] }, false],
  [{ $gt: ['a', 1] }, true],
  [{ $gt: ['$at', 'a'] }, true],
  [{ $lt: ['$missing', null] }, true],
  [{ $gte: ['$nan', '$nan'] }, true],
  [
    {
      $lte: [
        [1, 2],
        [1, 3],
      ],
    },
    true,
  ],
  [{ $lt: ['\uffff', '😀'] }, true],
  [{ $cond: ['$empty', 'yes', 'no'] }, 'yes'],
  [{ $cond: { if: '$missing', [THEN]: 'yes', else: '$missing' } }, undefined],
  [{ $ifNull: ['$missing', '$nothing', 'x'] }, 'x'],
  [{ $ifNull: ['$nothing', '$missing'] }, undefined],
  [
    {
      $switch: {
        branches: [
          { case: false, [THEN]: 1 },
          { case: '$n', [THEN]: 2 },
        ],
      },
    },
    2,
  ],
  [{ $switch: { branches: [{ case: false, [THEN]: 1 }], default: 3 } }, 3],
  [{ $let: { vars: { a: 1, n: { $add: ['$n', 1] } }, in: { $add: ['$$a', '$$n', '$n'] } } }, 16],
  [{ $let: { vars: { s: '$size' }, in: '$$s.h' } }, 2],

  [{ $arrayElemAt: ['$list', -1] }, 2],
  [{ $arrayElemAt: ['$list', 9] }, undefined],
  [{ $arrayElemAt: ['$missing', 0] }, null],
  [{ $first: '$list' }, 3],
  [{ $last: ['$list'] }, 2],
  [{ $concatArrays: ['$list', [4]] }, [3, 1, 2, 4]],
  [{ $concatArrays: ['$list', '$nothing'] }, null],
  [{ $filter: { input: '$list', as: 'x', cond: { $gt: ['$$x', 1] } } }, [3, 2]],
  [{ $filter: { input: '$list', cond: '$$this', limit: 1 } }, [3]],
  [{ $filter: { input: '$missing', cond: true } }, null],
  [{ $in: [2, '$list'] }, true],
  [{ $in: [[2], '$list'] }, false],
  [{ $indexOfArray: ['$list', 2] }, 2],
  [{ $indexOfArray: ['$list', 2, 0, 2] }, -1],
  [{ $indexOfArray: ['$nothing', 2] }, null],
  [{ $isArray: '$list' }, true],
  [{ $isArray: [[1, 2]] }, true],
  [{ $map: { input: '$list', as: 'x', in: { $multiply: ['$$x', '$n'] } } }, [21, 7, 14]],
  [{ $map: { input: '$items', in: '$$this.sku' } }, ['a', 'b', null, ['c']]],
  [{ $range: [0, 5, 2] }, [0, 2, 4]],
  [{ $range: [3, 0, -1] }, [3, 2, 1]],
  [
    { $reduce: { input: '$list', initialValue: '', in: { $concat: ['$$value', { $toString: '$$this' }] } } },
    '312',
  ],
  [{ $reverseArray: '$list' }, [2, 1, 3]],
  [{ $size: '$list' }, 3],
  [{ $slice: ['$list', 2] }, [3, 1]],
  [{ $slice: ['$list', -2] }, [1, 2]],
  [{ $slice: ['$list', -9, 2] }, [3, 1]],
  [{ $slice: ['$list', 1, 9] }, [1, 2]],
  [{ $slice: ['$nothing', 1] }, null],
  [{ $zip: { inputs: ['$list', ['a']] } }, [[3, 'a']]],
  [
    { $zip: { inputs: ['$list', ['a']], useLongestLength: true, defaults: [0, 'z'] } },
    [
      [3, 'a'],
      [1, 'z'],
      [2, 'z'],
    ],
  ],
  [
    {
      $arrayToObject: [
        [
          ['a', 1],
          ['b', [2]],
        ],
      ],
    },
    { a: 1, b: [2] },
  ],
  [{ $arrayToObject: { $literal: [{ k: 'a', v: 1 }] } }, { a: 1 }],
  [
    { $objectToArray: '$size' },
    [
      { k: 'w', v: 1 },
      { k: 'h', v: 2 },
    ],
  ],
  [{ $mergeObjects: ['$size', '$missing', { h: 9 }] }, { w: 1, h: 9 }],
  [{ $mergeObjects: '$nothing' }, {}],

  [{ $allElementsTrue: [[1, 'a', []]] }, true],
  [{ $anyElementTrue: [[0, null]] }, false],
  [{ $setDifference: ['$list', [1, 1]] }, [3, 2]],
  [{ $setEquals: ['$list', [1, 2, 3, 3]] }, true],
  [{ $setIntersection: ['$list', [2, 3, 4]] }, [3, 2]],
  [{ $setIsSubset: [[1, 1], '$list'] }, true],
  [{ $setUnion: ['$list', [4, 3], [{ a: 1 }, { a: 1 }]] }, [3, 1, 2, 4, { a: 1 }]],
  [{ $setUnion: ['$list', '$nothing'] }, null],

  [{ $concat: ['a', '$empty', 'b'] }, 'ab'],
  [{ $concat: ['a', '$missing'] }, null],
  [{ $indexOfBytes: ['$text', 'l'] }, 3],
  [{ $indexOfCP: ['$text', 'l'] }, 2],
  [{ $indexOfCP: ['$text', 'l', 4] }, -1],
  [{ $indexOfCP: ['$nothing', 'l'] }, null],
  [{ $split: ['a-b--c', '-'] }, ['a', 'b', '', 'c']],
  [{ $split: ['$nothing', '-'] }, null],
  [{ $strLenBytes: '$text' }, 10],
  [{ $strLenCP: '$text' }, 7],
  [{ $strcasecmp: ['aB', 'Ab'] }, 0],
  [{ $strcasecmp: ['$nothing', 'a'] }, -1],
  [{ $substr: ['$text', -1, 2] }, ''],
  [{ $substr: ['$n', 0, -1] }, '7'],
  [{ $substrBytes: ['$text', 1, 2] }, 'é'],
  [{ $substrCP: ['$text', 6, 5] }, '中'],
  [{ $substrCP: ['$missing', 0, 5] }, ''],
  [{ $toLower: 'ÀB' }, 'Àb'],
  [{ $toUpper: '$text' }, 'HéLLO 中'],
  [{ $toUpper: '$nothing' }, ''],
  [{ $trim: { input: ' \u00a0a b\n' } }, 'a b'],
  [{ $ltrim: { input: 'xxaxx', chars: 'x' } }, 'axx'],
  [{ $rtrim: { input: 'xxaxx', chars: 'x' } }, 'xxa'],
  [{ $trim: { input: '$missing' } }, null],

  [{ $type: '$missing' }, 'missing'],
  [{ $type: '$n' }, 'int'],
  [{ $type: 2 ** 40 }, 'long'],
  [{ $type: '$neg' }, 'double'],
  [{ $type: '$at' }, 'date'],
  [{ $type: [[1]] }, 'array'],
  [{ $type: '$size' }, 'object'],
  [{ $isNumber: '$nan' }, true],
  [{ $toBool: '$empty' }, true],
  [{ $toBool: 0 }, false],
  [{ $toBool: '$nothing' }, null],
  [{ $toInt: '42' }, 42],
  [{ $toInt: -1.9 }, -1],
  [{ $toInt: true }, 1],
  [{ $toLong: '$at' }, at.getTime()],
  [{ $toDouble: '-1.5e3' }, -1500],
  [{ $toDecimal: '0.1' }, 0.1],
  [{ $toString: 1.5 }, '1.5'],
  [{ $toString: '$at' }, '2018-10-20T01:46:40.007Z'],
  [{ $toString: false }, 'false'],
  [{ $toDate: at.getTime() }, at],
  [{ $toDate: '2018-10-20' }, new Date(Date.UTC(2018, 9, 20))],
  [{ $convert: { input: 'x', to: 'int', onError: 'bad', onNull: 'none' } }, 'bad'],
  [{ $convert: { input: '$missing', to: 'int', onNull: 'none' } }, 'none'],
  [{ $convert: { input: '7', to: 16 } }, 7],

  [{ $sum: '$list' }, 6],
  [{ $sum: ['$n', '$list', 1] }, 8],
  [{ $sum: ['$nan', 1] }, Number.NaN],
  [{ $avg: ['$n', 'x', 1] }, 4],
  [{ $avg: '$text' }, null],
  [{ $max: '$list' }, 3],
  [{ $min: ['$nothing', '$n', 'a'] }, 7],
  [{ $min: '$missing' }, null],
  [{ $stdDevPop: [[2, 4]] }, 1],
  [{ $stdDevSamp: [[2]] }, null],
]

test.each(CASES)('%j is %j', (expression, expected) => {
  expect(evaluate(expression)).toStrictEqual(expected)
})

const DATES: [expression: unknown, expected: unknown][] = [
  [{ $year: '$at' }, 2018],
  [{ $month: { date: '$at' } }, 10],
  [{ $dayOfMonth: ['$at'] }, 20],
  [{ $hour: { date: '$at', timezone: 'Asia/Shanghai' } }, 9],
  [{ $hour: { date: '$at', timezone: '-02:30' } }, 23],
  [{ $minute: '$at' }, 46],
  [{ $second: '$at' }, 40],
  [{ $millisecond: '$at' }, 7],
  [{ $dayOfWeek: '$at' }, 7],
  [{ $isoDayOfWeek: '$at' }, 6],
  [{ $dayOfYear: '$at' }, 293],
  [{ $week: '$at' }, 41],
  [{ $isoWeek: '$at' }, 42],
  [{ $isoWeekYear: new Date(Date.UTC(2021, 0, 3)) }, 2020],
  [{ $isoWeek: new Date(Date.UTC(2021, 0, 3)) }, 53],
  [{ $week: new Date(Date.UTC(2017, 0, 1)) }, 1],
  [{ $week: new Date(Date.UTC(2016, 0, 1)) }, 0],
  [{ $year: '$missing' }, null],
  [{ $year: { date: '$at', timezone: '$missing' } }, null],
  [{ $dateToString: { date: '$at' } }, '2018-10-20T01:46:40.007Z'],
  [{ $dateToString: { date: '$at', timezone: '+08:00' } }, '2018-10-20T09:46:40.007'],
  [
    { $dateToString: { date: '$at', format: '%Y%m%d %H:%M:%S.%L %j %u %w %U %V %G %z %Z %% %b' } },
    '20181020 01:46:40.007 293 6 7 41 42 2018 +0000 +000 % Oct',
  ],
  [{ $dateToString: { date: '$at', format: '%z %Z', timezone: '-03:30' } }, '-0330 -210'],
  [{ $dateToString: { date: '$missing', onNull: 'none' } }, 'none'],
  [{ $dateToString: { date: '$nothing' } }, null],
  [
    { $dateToString: { date: new Date('2024-03-10T10:00Z'), format: '%H', timezone: 'America/New_York' } },
    '06',
  ],
  [
    { $dateToString: { date: new Date('2024-03-10T06:59Z'), format: '%H', timezone: 'America/New_York' } },
    '01',
  ],
  [
    { $dateToParts: { date: '$at' } },
    { year: 2018, month: 10, day: 20, hour: 1, minute: 46, second: 40, millisecond: 7 },
  ],
  [
    { $dateToParts: { date: '$at', iso8601: true } },
    { isoWeekYear: 2018, isoWeek: 42, isoDayOfWeek: 6, hour: 1, minute: 46, second: 40, millisecond: 7 },
  ],
  [
    { $dateFromParts: { year: 2018, month: 10, day: 20, hour: 9, timezone: 'Asia/Shanghai' } },
    new Date(Date.UTC(2018, 9, 20, 1)),
  ],
  [{ $dateFromParts: { year: 2018, month: 14, day: 0 } }, new Date(Date.UTC(2019, 0, 31))],
  [{ $dateFromParts: { isoWeekYear: 2018, isoWeek: 42, isoDayOfWeek: 6 } }, new Date(Date.UTC(2018, 9, 20))],
  [{ $dateFromParts: { year: '$missing' } }, null],
  [{ $dateFromString: { dateString: '2018-10-20T01:46:40.007Z' } }, at],
  [{ $dateFromString: { dateString: '2018-10-20 09:46:40.007', timezone: 'Asia/Shanghai' } }, at],
  [{ $dateFromString: { dateString: '2018-10-20T09:46:40.007+08:00' } }, at],
  [{ $dateFromString: { dateString: 'Oct 20, 2018' } }, new Date(Date.UTC(2018, 9, 20))],
  [
    { $dateFromString: { dateString: '20/10/2018 01', format: '%d/%m/%Y %H' } },
    new Date(Date.UTC(2018, 9, 20, 1)),
  ],
  [{ $dateFromString: { dateString: '$nothing', onNull: 0 } }, 0],
  [{ $dateFromString: { dateString: 'soon', onError: 'no' } }, 'no'],
  [{ $dateFromString: { dateString: '$n', onError: 'no' } }, 'no'],
]

test.each(DATES)('%j', (expression, expected) => {
  expect(evaluate(expression)).toStrictEqual(expected)
})

describe('what is refused', () => {
  test.each<[unknown, string, string]>([
    [{ $nope: 1 }, 'DATABASE_INVALID_OPERATOR', '$nope'],
    [{ $function: {} }, 'DATABASE_INVALID_OPERATOR', '$function'],
    ['$$nobody', 'INVALID_PARAM', 'undefined variable: nobody'],
    ['$a..b', 'INVALID_PARAM', 'may not be empty'],
    ['$a.$b', 'INVALID_PARAM', 'start with $'],
    ['$', 'INVALID_PARAM', ''],
    [{ $abs: [1, 2] }, 'INVALID_PARAM', '$abs takes 1 operands, not 2'],
    [{ $add: [1], $abs: 1 }, 'INVALID_PARAM', 'one operator'],
    [{ 'a.b': 1 }, 'INVALID_PARAM', 'holds a dot'],
    [{ $cond: [1, 2] }, 'INVALID_PARAM', '3 operands'],
    [{ $cond: { if: 1, [THEN]: 2 } }, 'INVALID_PARAM', '"else"'],
    [{ $let: { vars: { A: 1 }, in: 1 } }, 'INVALID_PARAM', '"A"'],
    [{ $let: { vars: { a: 1, b: '$$a' }, in: 1 } }, 'INVALID_PARAM', 'undefined variable: a'],
    [{ $map: { input: [], in: 1, of: 1 } }, 'INVALID_PARAM', '"of"'],
    [{ $zip: { inputs: [], defaults: [] } }, 'INVALID_PARAM', '$zip'],
    [{ $add: ['$n', '$text'] }, 'DATABASE_REQUEST_FAILED', '$add needs numbers and one date, not string'],
    [{ $divide: [1, 0] }, 'DATABASE_REQUEST_FAILED', 'zero'],
    [{ $size: '$missing' }, 'DATABASE_REQUEST_FAILED', 'not missing'],
    [{ $toInt: '1.5' }, 'DATABASE_REQUEST_FAILED', '"1.5"'],
    [{ $toInt: 2 ** 31 }, 'DATABASE_REQUEST_FAILED', '32 bits'],
    [{ $toInt: '$nan' }, 'DATABASE_REQUEST_FAILED', 'NaN'],
    [{ $year: '$n' }, 'DATABASE_REQUEST_FAILED', '$year needs a date, not int'],
    [{ $hour: { date: '$at', timezone: 'Mars/Base' } }, 'DATABASE_REQUEST_FAILED', 'Mars/Base'],
    [
      { $dateFromString: { dateString: 'soon', onError: 1, timezone: 'Mars/Base' } },
      'DATABASE_REQUEST_FAILED',
      'Mars',
    ],
    [{ $dateToString: { date: '$at', format: '%q' } }, 'DATABASE_REQUEST_FAILED', '%q'],
    [{ $dateFromString: { dateString: '2018-02-30' } }, 'DATABASE_REQUEST_FAILED', 'no date'],
    [{ $arrayElemAt: ['$list', 1.5] }, 'DATABASE_REQUEST_FAILED', '32-bit integer'],
    [{ $substrBytes: ['$text', 2, 1] }, 'DATABASE_REQUEST_FAILED', 'in two'],
    [{ $switch: { branches: [{ case: false, [THEN]: 1 }] } }, 'DATABASE_REQUEST_FAILED', 'no branch'],
    [{ $mergeObjects: ['$list'] }, 'DATABASE_REQUEST_FAILED', 'objects'],
  ])('%j', (expression, reason, message) => {
    expect(() => evaluate(expression)).toThrow(
      expect.objectContaining(failure(reason as 'INVALID_PARAM', message)),
    )
  })
})

test('an expression makes so much for one document, and no more', () => {
  const half = LIMITS.expressionSize / 2
  const twice = (last: number): unknown => ({
    $size: { $concatArrays: [{ $range: [0, half / 2] }, { $range: [0, last] }] },
  })
  expect(evaluate(twice(half / 2))).toBe(half)
  expect(() => evaluate(twice(half / 2 + 1))).toThrow(
    expect.objectContaining(failure('DATABASE_REQUEST_FAILED', `${LIMITS.expressionSize} array elements`)),
  )
  const doubling = {
    $reduce: { input: { $range: [0, 40] }, initialValue: 'x', in: { $concat: ['$$value', '$$value'] } },
  }
  expect(() => evaluate(doubling)).toThrow('$concat')
})
