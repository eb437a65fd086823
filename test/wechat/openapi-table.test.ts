import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toCamelCase, toSnakeCase, toSnakeKey } from '../../src/wechat/case.ts'
import { findRoute, listRoutes } from '../../src/wechat/openapi-table.ts'

describe('the APIs there are', () => {
  test('are asked by a method and a path, with names in WeChat’s spelling', () => {
    expect(listRoutes().length).toBeGreaterThan(100)
    for (const name of listRoutes()) {
      expect(name).toMatch(/^[a-z]\w*\.[a-z]\w*$/i)
      const route = findRoute(name)
      expect(route?.path, name).toMatch(/^\/(?:cgi-bin|cv|datacube|tcb|wxa|wxaapi)\/[\w/]+$/)
      for (const parameter of [...(route?.query ?? []), ...(route?.media ?? [])])
        expect(parameter).toMatch(/^[a-z_]+$/)
      if (route?.method === 'GET') expect([...route.query, ...route.media], name).toEqual([])
    }
  })

  test('are those that public functions declare most, and those of the documentation', () => {
    const declared = [
      'security.msgSecCheck',
      'subscribeMessage.send',
      'templateMessage.send',
      'security.imgSecCheck',
    ]
    declared.push('wxacode.get', 'wxacode.getUnlimited', 'customerServiceMessage.send')
    expect(listRoutes()).toEqual(expect.arrayContaining(declared))
    expect(findRoute('security.imgSecCheck')).toEqual({
      method: 'POST',
      path: '/wxa/img_sec_check',
      query: [],
      media: ['media'],
    })
    expect(findRoute('customerServiceMessage.uploadTempMedia')).toEqual({
      method: 'POST',
      path: '/cgi-bin/media/upload',
      query: ['type'],
      media: ['media'],
    })
    for (const name of ['', 'security', 'toString', '__proto__', 'security.toString'])
      expect(findRoute(name)).toBeUndefined()
  })

  test('are listed in docs/wechat.md, all of them and no others', () => {
    const text = readFileSync(new URL('../../docs/wechat.md', import.meta.url), 'utf8')
    const [, rest = ''] = text.split('### APIs there are')
    const [section = ''] = rest.split('\n### ')
    const listed = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].flatMap(([, group, methods = '']) =>
      [...methods.matchAll(/`(\w+)`( \(file\))?/g)].map(
        ([, method, file]) => `${group}.${method}${file ?? ''}`,
      ),
    )
    expect(listed).toEqual(
      listRoutes().map(name => `${name}${findRoute(name)?.media.length === 0 ? '' : ' (file)'}`),
    )
  })
})

test.each([
  ['templateId', 'template_id'],
  ['aBC', 'a_b_c'],
  ['ID', 'i_d'],
  ['thing1', 'thing1'],
  ['already_snake', 'already_snake'],
])('%s is %s in WeChat’s spelling', (camel, snake) => {
  expect(toSnakeKey(camel)).toBe(snake)
})

test('keys change at any depth, values never', () => {
  const camel = { someKey: 'someValue', list: [{ innerKey: [{ x: null }] }, 'aB', [['aB']]], empty: {} }
  const snake = { some_key: 'someValue', list: [{ inner_key: [{ x: null }] }, 'aB', [['aB']]], empty: {} }
  expect(toSnakeCase(camel)).toEqual(snake)
  expect(toCamelCase(snake)).toEqual(camel)
  expect(toCamelCase({ a_1: 1, _b: 2, c__d: 3 })).toEqual({ a_1: 1, B: 2, c_D: 3 })
})
