// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language of rules has templates of its own.
import { describe, expect, test } from 'vitest'
import { isAllowed, type RuleValues } from '../../src/rules/judgement.ts'
import { parseRule, type RuleWords } from '../../src/rules/syntax.ts'

const WORDS: RuleWords = { variables: ['auth', 'resource', 'request', 'now'], hasGet: true }

const VALUES: RuleValues = {
  auth: { openid: 'o-1' },
  resource: { openid: 'o-1', path: 'a/b', folders: ['a'], size: 3, isOpen: true, none: undefined },
  now: 1000,
}

const judge = (rule: string, values: RuleValues = VALUES): boolean =>
  isAllowed(parseRule(rule, WORDS), values)

describe('a rule whose variables are known', () => {
  test.each([
    ['resource.openid == auth.openid', true],
    ['resource.openid != auth.openid', false],
    ['resource.size == 3 && resource.size < 4 && resource.size <= 3 && 2 < resource.size', true],
    ['resource.size >= 4 || resource.size > 3', false],
    ["resource.path > 'a/a' && resource.path < 'a/c'", true],
    ["'a' in resource.folders", true],
    ["'b' in resource.folders", false],
    ["!('b' in resource.folders)", true],
    ["resource.path in ['x', resource.path]", true],
    ["resource['path'] == 'a/b' && resource.folders[0] == 'a'", true],
    ['`${resource.folders[0]}/b-${resource.size}` == `a/b-3`', true],
    ['resource.isOpen', true],
    ['!resource.isOpen', false],
    ['now == 1000', true],
    ['auth != null && auth != undefined', true],
    ['request == null', true],
    ['resource.none == null', true],
    // As in JavaScript, what is missing in place of a condition fails.
    ['!request', true],
  ])('%s: %j', (rule, expected) => {
    expect(judge(rule)).toBe(expected)
  })

  test.each([
    'request.size == resource.none',
    'request.size < 4',
    'resource.size < resource.path',
    'resource.path < 3',
    "'a' in resource.path",
    "'a' in resource.none",
    'resource.none in resource.folders',
    '[resource.none] == 1',
    '`${resource.none}` == `x`',
    "resource['a'][resource.none] == 1",
    "get('database.a.b').c == 1",
    '(resource.size == 3) == true',
  ])('what cannot be told grants nothing, nor does its negation: %s', rule => {
    expect(judge(rule)).toBe(false)
    expect(judge(`!(${rule})`)).toBe(false)
    expect(judge(`${rule} || resource.size == 3`)).toBe(true)
    expect(judge(`!(${rule}) && true`)).toBe(false)
  })

  test('a client without an openid equals nobody, also not what nobody owns', () => {
    const values: RuleValues = { auth: undefined, resource: { openid: undefined, path: 'a' } }
    for (const rule of ['resource.openid == auth.openid', 'resource.openid != auth.openid']) {
      expect(judge(rule, values)).toBe(false)
    }
    expect(judge('auth == null', values)).toBe(true)
  })

  test.each([
    'resource.openid == auth.openid',
    'resource.openid != auth.openid',
    "auth.openid != 'banned'",
    "'banned' != auth.openid",
    "auth.openid == 'banned'",
    "auth.openid in ['banned']",
    'auth != resource',
  ])('of two values one missing, nothing can be told: %s', rule => {
    const resource = { openid: 'o-1' }
    for (const values of [{ resource }, { auth: undefined, resource }, { auth: {}, resource: undefined }]) {
      expect(judge(rule, values)).toBe(false)
      expect(judge(`!(${rule})`, values)).toBe(false)
    }
    // Nor of a file that is nobody's.
    const unowned = { auth: { openid: 'o-1' }, resource: { path: 'a' } }
    expect(judge('resource.openid != auth.openid', unowned)).toBe(false)
    expect(judge('!(resource.openid == auth.openid)', unowned)).toBe(false)
  })

  test('names of every object are no fields', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'length']) {
      expect(judge(`resource.${name} == null`)).toBe(true)
      expect(judge(`resource.path.${name} == null`)).toBe(true)
    }
  })

  test('true and false are what they are', () => {
    expect(isAllowed(true, {})).toBe(true)
    expect(isAllowed(false, VALUES)).toBe(false)
  })
})
