import { LIMITS } from '../limits.ts'
import { type RuleFault, ruleFault } from './fault.ts'
import { type RuleToken, readTokens } from './tokens.ts'

/** A security rule (wxcloud-spec §3.8) as a tree. */
export type RuleNode =
  /** `undefined` is the word itself, which means what is missing. */
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'list'; readonly items: readonly RuleNode[] }
  | { readonly kind: 'template'; readonly parts: readonly (string | RuleNode)[] }
  | { readonly kind: 'variable'; readonly name: RuleVariable }
  | { readonly kind: 'member'; readonly of: RuleNode; readonly key: RuleNode }
  | { readonly kind: 'get'; readonly path: RuleNode }
  | { readonly kind: 'not'; readonly operand: RuleNode }
  | { readonly kind: 'and' | 'or'; readonly left: RuleNode; readonly right: RuleNode }
  | {
      readonly kind: 'compare'
      readonly operator: RuleOperator
      readonly left: RuleNode
      readonly right: RuleNode
    }

export type RuleVariable = 'auth' | 'doc' | 'request' | 'now' | 'resource'
export type RuleOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in'

/** What rules of one engine may speak of. */
export interface RuleWords {
  readonly variables: readonly RuleVariable[]
  /** Whether they may ask for documents of the database. */
  readonly hasGet: boolean
}

/**
 * Reads a rule: comparisons (`== != < <= > >= in`), `&& || !`, member access, lists, texts, templates and `get()`.
 *
 * @throws {RuleFault} that says what is wrong and where; also over 1024 characters, three
 *   `get()`, or two of them one within the other.
 */
export function parseRule(text: string, words: RuleWords): RuleNode {
  if (text.length > LIMITS.ruleChars) {
    throw ruleFault(`it may have ${LIMITS.ruleChars} characters, not ${text.length}`)
  }
  return new RuleParser(readTokens(text), words).parse()
}

const WORDS: Readonly<Record<string, boolean | null | undefined>> = Object.freeze({
  true: true,
  false: false,
  null: null,
  undefined: undefined,
})

const OPERATORS: ReadonlyMap<string, RuleOperator> = new Map([
  ['==', '=='],
  ['===', '=='],
  ['!=', '!='],
  ['!==', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['in', 'in'],
])

class RuleParser {
  readonly #tokens: readonly RuleToken[]
  readonly #words: RuleWords
  #index = 0
  #getCount = 0
  #getDepth = 0

  constructor(tokens: readonly RuleToken[], words: RuleWords) {
    this.#tokens = tokens
    this.#words = words
  }

  parse(): RuleNode {
    const node = this.#or()
    if (this.#peek().kind !== 'end') throw this.#unexpected('')
    return node
  }

  #or(): RuleNode {
    let left = this.#and()
    while (this.#take('||')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): RuleNode {
    let left = this.#not()
    while (this.#take('&&')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): RuleNode {
    return this.#take('!') ? { kind: 'not', operand: this.#not() } : this.#comparison()
  }

  #comparison(): RuleNode {
    const left = this.#operand()
    const token = this.#peek()
    const operator = token.kind === 'sign' || token.kind === 'name' ? OPERATORS.get(token.text) : undefined
    if (operator === undefined) return left
    this.#index++
    return { kind: 'compare', operator, left, right: this.#operand() }
  }

  #operand(): RuleNode {
    let node = this.#primary()
    for (;;) {
      if (this.#take('.')) node = { kind: 'member', of: node, key: { kind: 'literal', value: this.#name() } }
      else if (this.#take('[')) {
        node = { kind: 'member', of: node, key: this.#operand() }
        this.#expect(']')
      } else return node
    }
  }

  #primary(): RuleNode {
    const token = this.#peek()
    if (token.kind === 'number' || token.kind === 'text') {
      this.#index++
      return { kind: 'literal', value: token.value }
    }
    if (token.kind === 'name') return this.#named(token.text)
    if (this.#take('`')) return this.#template()
    if (this.#take('[')) return this.#list()
    if (!this.#take('(')) throw this.#unexpected('')
    const node = this.#or()
    this.#expect(')')
    return node
  }

  #named(name: string): RuleNode {
    const { variables, hasGet } = this.#words
    const variable = variables.find(known => known === name)
    const isWord = Object.hasOwn(WORDS, name)
    if (!isWord && variable === undefined && !(hasGet && name === 'get')) {
      const names = hasGet ? [...variables, 'get'] : variables
      throw this.#unexpected(`; the names are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`)
    }
    this.#index++
    if (isWord) return { kind: 'literal', value: WORDS[name] }
    return variable === undefined ? this.#get() : { kind: 'variable', name: variable }
  }

  #get(): RuleNode {
    this.#expect('(')
    this.#getCount++
    this.#getDepth++
    if (this.#getCount > LIMITS.ruleGets) throw ruleFault(`it may call get() ${LIMITS.ruleGets} times`)
    if (this.#getDepth > LIMITS.ruleGetDepth) {
      throw ruleFault(`get() may stand within get() ${LIMITS.ruleGetDepth} deep`)
    }
    const path = this.#operand()
    this.#expect(')')
    this.#getDepth--
    return { kind: 'get', path }
  }

  #list(): RuleNode {
    const items: RuleNode[] = []
    while (!this.#take(']')) {
      if (items.length > 0) this.#expect(',')
      items.push(this.#operand())
    }
    return { kind: 'list', items }
  }

  #template(): RuleNode {
    const parts: (string | RuleNode)[] = []
    while (!this.#take('`')) {
      const token = this.#peek()
      if (token.kind === 'text') {
        this.#index++
        parts.push(token.value)
      } else {
        this.#expect('${')
        parts.push(this.#operand())
        this.#expect('}')
      }
    }
    return { kind: 'template', parts }
  }

  #name(): string {
    const token = this.#peek()
    if (token.kind !== 'name') throw this.#unexpected('; a name belongs after the dot')
    this.#index++
    return token.text
  }

  #peek(): RuleToken {
    return this.#tokens[this.#index] ?? { kind: 'end', at: 0 }
  }

  #take(sign: string): boolean {
    const token = this.#peek()
    const isThere = token.kind === 'sign' && token.text === sign
    if (isThere) this.#index++
    return isThere
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected(`; "${sign}" belongs there`)
  }

  #unexpected(hint: string): RuleFault {
    const token = this.#peek()
    const what =
      token.kind === 'end'
        ? 'it ends too early'
        : `${JSON.stringify(wordOf(token))} can't stand at ${token.at + 1}`
    return ruleFault(`${what}${hint}`)
  }
}

function wordOf(token: RuleToken): string {
  switch (token.kind) {
    case 'end':
      return ''
    case 'number':
    case 'text':
      return String(token.value)
    default:
      return token.text
  }
}
