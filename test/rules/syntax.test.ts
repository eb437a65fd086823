// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language of rules has templates of its own.
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { parseRule as read } from '../../src/rules/syntax.ts'

const WORDS = { variables: ['auth', 'doc', 'request', 'now'], hasGet: true } as const
const parseRule = (text: string) => read(text, WORDS)
const parse = (text: string) => () => parseRule(text)

describe('the language of security rules', () => {
  test('reads && before ||, ! before both, and brackets first', () => {
    const rule = parseRule("auth.openid == doc._openid || !(now > 5) && doc['a'].b in [1, 'x']")
    expect(rule).toMatchObject({
      kind: 'or',
      left: { kind: 'compare', operator: '==' },
      right: { kind: 'and', left: { kind: 'not', operand: { operator: '>' } }, right: { operator: 'in' } },
    })
  })

  test('reads templates, also one within another', () => {
    expect(parseRule('get(`database.room.${doc.room}`).owner == auth.openid')).toMatchObject({
      left: {
        kind: 'member',
        of: { kind: 'get', path: { kind: 'template', parts: ['database.room.', { kind: 'member' }] } },
      },
    })
    expect(parseRule('doc.a == `x${`y${now}`}z`')).toMatchObject({
      right: { parts: ['x', { kind: 'template', parts: ['y', { kind: 'variable' }] }, 'z'] },
    })
  })

  test('reads texts with escapes and both quotes', () => {
    expect(parseRule(String.raw`'it\'s' == "a\n"`)).toMatchObject({
      left: { value: "it's" },
      right: { value: 'a\n' },
    })
  })

  test.each([
    ['', 'ends too early'],
    ['doc.a ==', 'ends too early'],
    ['doc.a = 1', '"=" at 7'],
    ['doc.a == 1 doc', `"doc" can't stand at 12`],
    ['doc.', 'ends too early; a name belongs after the dot'],
    ['user.id == 1', `"user" can't stand at 1; the names are auth, doc, request, now and get`],
    ['__proto__', "can't stand at 1"],
    ['constructor', "can't stand at 1"],
    ["get('a'", 'ends too early; ")" belongs there'],
    ['[1, 2', 'ends too early'],
    ["'open", `"'" at 1`],
    ['`open', 'a template does not end'],
    ['doc => 1', '"=" at 5'],
    ['doc.a; doc.b', '";" at 6'],
    ["doc.a 'in' doc.b", `"in" can't stand at 7`],
    ['`${doc.a`', 'a template does not end'],
  ])('refuses %s', (text, message) => {
    expect(parse(text)).toThrow(message)
  })

  test('has 1024 characters at most', () => {
    const filled = (length: number): string => 'true'.padEnd(length, ' ')
    expect(parse(filled(LIMITS.ruleChars))).not.toThrow()
    expect(parse(filled(LIMITS.ruleChars + 1))).toThrow(`${LIMITS.ruleChars} characters`)
  })

  test('calls get() three times at most, and within itself two deep', () => {
    const gets = (count: number): string =>
      Array.from({ length: count }, (_, index) => `get('database.c.${index}').a == 1`).join(' && ')
    expect(parse(gets(LIMITS.ruleGets))).not.toThrow()
    expect(parse(gets(LIMITS.ruleGets + 1))).toThrow(`call get() ${LIMITS.ruleGets} times`)
    expect(parse("get(get('a').b).c")).not.toThrow()
    expect(parse('get(`a.${get(`b.${get(1)}`)}`)')).toThrow('2 deep')
  })

  test('survives brackets as deep as its length allows', () => {
    const depth = (LIMITS.ruleChars - 4) / 2
    expect(parse(`${'('.repeat(depth)}true${')'.repeat(depth)}`)).not.toThrow()
    expect(parse('('.repeat(LIMITS.ruleChars))).toThrow('too early')
    expect(parse(`${'!'.repeat(LIMITS.ruleChars - 4)}true`)).not.toThrow()
  })
})
