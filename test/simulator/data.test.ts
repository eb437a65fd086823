import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { applyChanges, copyData, parsePath } from '../../src/simulator/data.ts'

describe('a path of setData', () => {
  test.each([
    ['a', ['a']],
    ['a.b.c', ['a', 'b', 'c']],
    ['list[0]', ['list', 0]],
    ['list[10].done', ['list', 10, 'done']],
    ['grid[1][2].x', ['grid', 1, 2, 'x']],
    ['a\\.b.c', ['a.b', 'c']],
    ['a\\[0\\]', ['a[0]']],
    ['中文.b', ['中文', 'b']],
  ])('%s', (path, segments) => {
    expect(parsePath(path)).toEqual(segments)
  })

  test.each(['', '.', 'a.', '.a', 'a..b', 'a[', 'a[]', 'a[x]', 'a[-1]', 'a[0', 'a[0]b', '[0]'])(
    'not %j',
    path => {
      expect(() => parsePath(path)).toThrow(/is no path of data/)
    },
  )
})

describe('changes', () => {
  test('reach into lists and objects, and make what is missing on the way', () => {
    const data = { list: [{ done: false, title: 'a' }], user: { name: 'Ming' } }
    applyChanges(data, {
      'list[0].done': true,
      'user.age': 3,
      'made.list[1].x': 1,
      'list[1]': { done: false },
    })
    expect(data).toEqual({
      list: [{ done: true, title: 'a' }, { done: false }],
      user: { name: 'Ming', age: 3 },
      made: { list: [undefined, { x: 1 }] },
    })
  })

  test('replace what is of another kind on the way', () => {
    const data: Record<string, unknown> = { a: 'text', b: [1], c: { d: 1 } }
    applyChanges(data, { 'a.b': 1, 'b.x': 2, 'c[0]': 3 })
    expect(data).toEqual({ a: { b: 1 }, b: { x: 2 }, c: [3] })
  })

  test('are copies: neither side changes the other', () => {
    const given = { list: [{ x: 1 }], at: new Date(5) }
    const data: Record<string, unknown> = {}
    applyChanges(data, { given })
    given.list[0] = { x: 2 }
    expect(data).toEqual({ given: { list: [{ x: 1 }], at: new Date(5) } })
  })

  test('leave out functions, and what is undefined is told', () => {
    const data: Record<string, unknown> = { a: 1 }
    expect(applyChanges(data, { a: undefined, b: { f: () => 1, c: 2 } })).toEqual(['a'])
    expect(data).toEqual({ a: 1, b: { c: 2 } })
  })

  test('put nothing into the prototype of all objects', () => {
    const data: Record<string, unknown> = {}
    applyChanges(data, { '__proto__.polluted': true, 'constructor.prototype.polluted': true })
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.keys(data)).toEqual(['__proto__', 'constructor'])
  })

  test('are all made or none', () => {
    const data: Record<string, unknown> = { a: 1 }
    expect(() => applyChanges(data, { a: 2, 'b[': 3 })).toThrow(/no path/)
    expect(data).toEqual({ a: 1 })
  })

  test('may have as much JSON as the platform takes, and no more', () => {
    const text = 'x'.repeat(LIMITS.pageDataChars - '[""]'.length)
    const data: Record<string, unknown> = {}
    applyChanges(data, { text })
    expect(data['text']).toBe(text)
    expect(() => applyChanges(data, { text: `${text}x` })).toThrow(/setData was given 1048577 characters/)
  })

  test('that refer to themselves are refused', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = { circle }
    expect(() => copyData(circle)).toThrow(/must not refer to itself/)
    const shared = { x: 1 }
    expect(copyData([shared, shared])).toEqual([{ x: 1 }, { x: 1 }])
  })
})
