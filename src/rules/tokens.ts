import { ruleFault } from './fault.ts'

/** A word of a rule's text. `at` counts characters from 0. */
export type RuleToken =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  /** A quoted text, or a piece of text in a template. */
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  /** An operator or bracket, but for `in`, which is a name. A template is its pieces between two backquotes; `${` opens an expression in it. */
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number }

/** @throws {RuleFault} at a character that belongs to no word, or a text that doesn't end. */
export function readTokens(text: string): RuleToken[] {
  const tokens: RuleToken[] = []
  /** Backquote: within the text of a template. `${`: within an expression of one. */
  const open: string[] = []
  let at = 0
  while (at < text.length) {
    const token = open.at(-1) === '`' ? readTemplateToken(text, at) : readToken(text, at)
    at = token.end
    if (token.word === undefined) continue
    tokens.push(token.word)
    if (token.word.kind === 'sign') track(open, token.word.text)
  }
  if (open.length > 0) throw ruleFault('a template does not end')
  tokens.push({ kind: 'end', at })
  return tokens
}

interface Reading {
  /** Undefined for space. */
  readonly word: RuleToken | undefined
  readonly end: number
}

function track(open: string[], sign: string): void {
  const isEnd = (sign === '`' && open.at(-1) === '`') || (sign === '}' && open.at(-1) === '${')
  if (isEnd) open.pop()
  else if (sign === '`' || sign === '${') open.push(sign)
}

const SPACE = /\s+/y
const NUMBER = /-?\d+(?:\.\d+)?(?![\w$])/y
const NAME = /[A-Za-z_$][\w$]*/y
const SIGN = /===|!==|==|!=|<=|>=|&&|\|\||[<>!.,()[\]}`]/y
const TEXT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y
const TEMPLATE_TEXT = /(?:[^`\\$]|\\.|\$(?!\{))+/sy
const TEMPLATE_SIGN = /`|\$\{/y

function readToken(text: string, at: number): Reading {
  const space = match(SPACE, text, at)
  if (space !== undefined) return { word: undefined, end: at + space.length }
  const quoted = match(TEXT, text, at)
  if (quoted !== undefined) {
    return { word: { kind: 'text', value: unquote(quoted.slice(1, -1)), at }, end: at + quoted.length }
  }
  const number = match(NUMBER, text, at)
  if (number !== undefined)
    return { word: { kind: 'number', value: Number(number), at }, end: at + number.length }
  const name = match(NAME, text, at)
  if (name !== undefined) return { word: { kind: 'name', text: name, at }, end: at + name.length }
  return readSign(SIGN, text, at)
}

function readTemplateToken(text: string, at: number): Reading {
  const piece = match(TEMPLATE_TEXT, text, at)
  if (piece === undefined) return readSign(TEMPLATE_SIGN, text, at)
  return { word: { kind: 'text', value: unquote(piece), at }, end: at + piece.length }
}

function readSign(pattern: RegExp, text: string, at: number): Reading {
  const sign = match(pattern, text, at)
  if (sign === undefined) {
    throw ruleFault(
      `${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))} at ${at + 1} is no part of the language`,
    )
  }
  return { word: { kind: 'sign', text: sign, at }, end: at + sign.length }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function unquote(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character)
}

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({ n: '\n', t: '\t', r: '\r' })
