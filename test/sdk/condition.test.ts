import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { command as _ } from '../../src/sdk/command.ts'
import { encodeCondition } from '../../src/sdk/condition.ts'
import { createRegExp, createServerDate } from '../../src/sdk/values.ts'

describe('logic', () => {
  test('two fields with or stay two requirements', () => {
    expect(encodeCondition({ q: _.or(_.eq(1), _.eq(2)), r: _.or(_.eq(3), _.eq(4)) })).toStrictEqual({
      $and: [{ $or: [{ r: { $eq: 3 } }, { r: { $eq: 4 } }] }],
      $or: [{ q: { $eq: 1 } }, { q: { $eq: 2 } }],
    })
  })

  test('a query command after another means and', () => {
    expect(encodeCondition({ p: _.gt(1).lt(5).neq(3) })).toStrictEqual({
      $and: [{ p: { $gt: 1 } }, { p: { $lt: 5 } }, { p: { $ne: 3 } }],
    })
  })

  test('every query command may come after another, elemMatch too', () => {
    expect(encodeCondition({ p: _.exists(true).size(2).mod(3, 1).all([4]) })).toStrictEqual({
      $and: [{ p: { $exists: true } }, { p: { $size: 2 } }, { p: { $mod: [3, 1] } }, { p: { $all: [4] } }],
    })
    expect(encodeCondition({ p: _.size(2).elemMatch({ a: _.gt(1) }) })).toStrictEqual({
      $and: [{ p: { $size: 2 } }, { p: { $elemMatch: { a: { $gt: 1 } } } }],
    })
    expect(encodeCondition({ p: _.size(2).elemMatch(_.or(_.lt(1), _.gt(5))) })).toStrictEqual({
      $and: [
        { p: { $size: 2 } },
        { $or: [{ p: { $elemMatch: { $lt: 1 } } }, { p: { $elemMatch: { $gt: 5 } } }] },
      ],
    })
    expect(encodeCondition({ p: _.elemMatch(_.size(1).elemMatch(_.eq(2))) })).toStrictEqual({
      p: { $elemMatch: { $size: 1, $elemMatch: { $eq: 2 } } },
    })
    expect(() => encodeCondition({ p: { $in: [_.size(1).elemMatch(5)] } })).toThrow(
      "can't stand inside a value",
    )
    let deep = _.elemMatch(1)
    expect(() => {
      for (let depth = 0; depth <= LIMITS.valueDepth; depth++) deep = _.size(1).elemMatch(deep)
    }).toThrow('levels deep')
  })

  test('prefix forms take arguments or one array', () => {
    const expected = { $or: [{ p: { $gt: 80 } }, { p: { $lt: 20 } }] }
    expect(encodeCondition({ p: _.or(_.gt(80), _.lt(20)) })).toStrictEqual(expected)
    expect(encodeCondition({ p: _.or([_.gt(80), _.lt(20)]) })).toStrictEqual(expected)
  })

  test('plain values inside or are equalities', () => {
    expect(encodeCondition({ p: _.or(1, /x/) })).toStrictEqual({
      $or: [{ p: 1 }, { p: { $regularExpression: { pattern: 'x', options: '' } } }],
    })
  })

  test('not of logic and of values', () => {
    expect(encodeCondition({ p: _.not(_.or(_.eq(1), _.gt(5))) })).toStrictEqual({
      $nor: [{ $or: [{ p: { $eq: 1 } }, { p: { $gt: 5 } }] }],
    })
    expect(encodeCondition({ p: _.not(5) })).toStrictEqual({ $nor: [{ p: 5 }] })
    expect(encodeCondition(_.not({ a: 1 }))).toStrictEqual({ $nor: [{ a: 1 }] })
  })

  test('the same path twice keeps both', () => {
    expect(encodeCondition({ 'a.b': _.gt(1), a: { b: _.lt(5) } })).toStrictEqual({
      'a.b': { $gt: 1 },
      $and: [{ 'a.b': { $lt: 5 } }],
    })
  })

  test('an operand that was never set does not match everything', () => {
    const unset: unknown = undefined
    expect(() => encodeCondition(_.or({ a: unset }, { b: 1 }))).toThrow('查询参数对象值不能均为undefined')
    expect(() => encodeCondition({ p: _.or(unset, 1) })).toThrow('查询参数对象值不能均为undefined')
    expect(() => encodeCondition({ p: _.or([]) })).toThrow('_.or() needs at least one condition.')
  })

  test('commands are immutable and can be branched', () => {
    const base = _.gt(1)
    base.and(_.lt(5))
    const narrow = base.and(_.lt(3))
    narrow.and(_.neq(2))
    expect(encodeCondition({ a: base })).toStrictEqual({ a: { $gt: 1 } })
    expect(encodeCondition({ a: narrow })).toStrictEqual({ $and: [{ a: { $gt: 1 } }, { a: { $lt: 3 } }] })
  })
})

describe('raw operators', () => {
  test('pass through on a field', () => {
    expect(encodeCondition({ t: { $regex: 'x' }, u: { $not: _.gt(1) } })).toStrictEqual({
      t: { $regex: 'x' },
      u: { $not: { $gt: 1 } },
    })
  })

  test('logic at the top may hold commands', () => {
    expect(
      encodeCondition({ $or: [{ a: _.gt(1) }, { b: { c: 2 } }], $expr: { $gt: ['$a', 1] } }),
    ).toStrictEqual({
      $or: [{ a: { $gt: 1 } }, { 'b.c': 2 }],
      $expr: { $gt: ['$a', 1] },
    })
  })
})

describe('elemMatch', () => {
  test('takes conditions with logic', () => {
    expect(encodeCondition({ l: _.elemMatch(_.or({ a: 1 }, { b: _.gt(2) })) })).toStrictEqual({
      l: { $elemMatch: { $or: [{ a: 1 }, { b: { $gt: 2 } }] } },
    })
  })

  test('merges and between values', () => {
    expect(encodeCondition({ l: _.elemMatch(_.gt(1).lt(5)) })).toStrictEqual({
      l: { $elemMatch: { $gt: 1, $lt: 5 } },
    })
  })

  test('turns or between values into an or of elemMatch', () => {
    expect(encodeCondition({ l: _.elemMatch(_.gt(9).or(_.eq(1)).and(_.neq(10))) })).toStrictEqual({
      $or: [{ l: { $elemMatch: { $gt: 9, $ne: 10 } } }, { l: { $elemMatch: { $eq: 1, $ne: 10 } } }],
    })
  })

  test('turns nor and not between values into $not', () => {
    expect(encodeCondition({ l: _.elemMatch(_.not(_.gt(5))) })).toStrictEqual({
      l: { $elemMatch: { $not: { $gt: 5 } } },
    })
  })

  test('refuses what one elemMatch cannot say', () => {
    expect(() => _.elemMatch(_.nor(_.eq(1), _.eq(2)))).toThrow('tested with $not twice')
    expect(() => encodeCondition({ l: _.all([_.elemMatch(_.or(_.eq(1), _.eq(2)))]) })).toThrow(
      'must stand alone on its field',
    )
  })

  test('bounds the alternatives', () => {
    const either = (count: number) => _.or(Array.from({ length: count }, (_item, index) => _.eq(index)))
    const atLimit = _.elemMatch(either(64).and(_.gt(0)))
    expect(encodeCondition({ l: atLimit })['$or']).toHaveLength(64)
    expect(() => _.elemMatch(either(65).and(_.gt(0)))).toThrow('more than 64 alternatives')
  })
})

describe('what is no condition', () => {
  test.each([
    ['text', 'x'],
    ['null', null],
    ['an array', []],
    ['a query command', _.gt(1)],
    ['a date', new Date(0)],
  ])('%s', (_name, condition) => {
    expect(() => encodeCondition(condition)).toThrow('查询参数必须为对象')
  })

  test('only undefined values', () => {
    expect(() => encodeCondition({ a: undefined, b: undefined })).toThrow('查询参数对象值不能均为undefined')
    expect(encodeCondition({})).toStrictEqual({})
  })

  test('update commands and functions', () => {
    expect(() => encodeCondition({ a: _.inc(1) })).toThrow('a holds an update command')
    expect(() => encodeCondition({ a: { b: () => 1 } })).toThrow('a.b is a function')
    expect(() => encodeCondition({ a: _.expr({}) })).toThrow('take the whole condition')
  })

  test('binary data', () => {
    expect(() => encodeCondition({ a: new Uint8Array(2) })).toThrow('a is binary data')
  })
})

describe('depth', () => {
  const nest = (levels: number): object => {
    let value: object = { leaf: 1 }
    for (let level = 1; level < levels; level++) value = { a: value }
    return value
  }

  test('nested objects: at the limit and one over', () => {
    expect(Object.keys(encodeCondition(nest(LIMITS.valueDepth)))).toHaveLength(1)
    expect(() => encodeCondition(nest(LIMITS.valueDepth + 1))).toThrow('more than 100 levels deep')
  })

  test('circular conditions end', () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    expect(() => encodeCondition(circular)).toThrow('levels deep or circular')
  })

  test('logic commands: one over the limit is refused where it is made', () => {
    let logic: object = { a: 1 }
    for (let level = 0; level < LIMITS.valueDepth; level++) logic = _.nor(logic)
    expect(() => _.nor(logic)).toThrow('Commands are nested more than 100 levels deep.')
  })

  test('a long chain is wide, not deep', () => {
    let chain = _.gt(0).and(_.lt(1000))
    for (let index = 0; index < 500; index++) chain = chain.and(_.neq(index))
    expect(encodeCondition({ a: chain })['$and']).toHaveLength(502)
  })

  test('expressions put together one by one', () => {
    let expression: unknown = '$a'
    for (let level = 0; level < 60; level++) expression = _.aggregate.not([expression])
    expect(() => encodeCondition(_.expr(expression))).toThrow('The condition is nested more than 100 levels')
  })
})

test('__proto__ stays an ordinary key', () => {
  const encoded = encodeCondition(JSON.parse('{"__proto__": {"polluted": 1}, "a": {"__proto__": 2}}'))
  expect(Object.keys(encoded)).toStrictEqual(['__proto__.polluted', 'a.__proto__'])
  const direct = encodeCondition(JSON.parse('{"__proto__": 5}'))
  expect(Object.getOwnPropertyDescriptor(direct, '__proto__')?.value).toBe(5)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})

test('values of the database', () => {
  expect(
    encodeCondition({
      t: _.lt(createServerDate({ offset: -1000 })),
      n: createRegExp({ regexp: '^a', options: 'i' }),
    }),
  ).toStrictEqual({
    t: { $lt: { $tcb_server_date: { offset: -1000 } } },
    n: { $regularExpression: { pattern: '^a', options: 'i' } },
  })
  const made = new createRegExp({ regexp: '^a' })
  expect([made.regexp, made.options]).toStrictEqual(['^a', ''])
  expect(createServerDate({ offset: 5 }).options).toStrictEqual({ offset: 5 })
  expect(() => createRegExp(JSON.parse('{}'))).toThrow('regexp must be a string')
  expect(() => createRegExp(JSON.parse('{"regexp":"a","options":1}'))).toThrow('options must be a string')
  expect(() => createServerDate(JSON.parse('{"offset":"5"}'))).toThrow('offset must be a number')
})
