import { setField } from '../protocol/value.ts'
import { ACCUMULATOR_EXPRESSIONS } from './accumulator.ts'
import { type Document, isDocument } from './document.ts'
import {
  type Compiler,
  type Evaluate,
  misread,
  type Operator,
  type OperatorTable,
  type Variable,
} from './evaluation.ts'
import { ARITHMETIC } from './expression-arithmetic.ts'
import { ARRAY } from './expression-array.ts'
import { DATE } from './expression-date.ts'
import { LOGIC } from './expression-logic.ts'
import { OBJECT } from './expression-object.ts'
import { SET } from './expression-set.ts'
import { STRING } from './expression-string.ts'
import { TYPE } from './expression-type.ts'
import { readFieldPath, valueAt } from './field-path.ts'
import { unknownOperator } from './filter.ts'

/** Which fields of a document an expression looks at, by their names at the top. */
export interface FieldUse {
  readonly names: ReadonlySet<string>
  /** It may look at any. */
  readonly isAll: boolean
}

const OPERATORS: OperatorTable = {
  ...ARITHMETIC,
  ...ARRAY,
  ...DATE,
  ...LOGIC,
  ...OBJECT,
  ...SET,
  ...STRING,
  ...TYPE,
  ...ACCUMULATOR_EXPRESSIONS,
}

/** Turns aggregation expressions into functions, with MongoDB's meaning, and notes the fields they look at. */
export class ExpressionCompiler implements Compiler {
  readonly nowMs: number
  readonly #names: ReadonlySet<string>
  readonly #use: { readonly names: Set<string>; isAll: boolean }

  constructor(nowMs: number, names: Iterable<string> = [], use = { names: new Set<string>(), isAll: false }) {
    this.nowMs = nowMs
    this.#names = new Set(names)
    this.#use = use
  }

  /** The fields that everything compiled so far looks at. */
  get use(): FieldUse {
    return this.#use
  }

  /** A compiler with the same variables that notes fields of its own. */
  fresh(): ExpressionCompiler {
    return new ExpressionCompiler(this.nowMs, this.#names)
  }

  define(names: readonly string[]): ExpressionCompiler {
    for (const name of names) {
      if (/^[a-z\u0080-\uffff][\w\u0080-\uffff]*$/.test(name)) continue
      throw misread(
        `${JSON.stringify(name)} is no name of a variable: a small letter, then letters, digits and _.`,
      )
    }
    return new ExpressionCompiler(this.nowMs, [...this.#names, ...names], this.#use)
  }

  compile(source: unknown): Evaluate {
    if (typeof source === 'string' && source.startsWith('$')) return this.#reference(source)
    if (Array.isArray(source)) return this.#array(source)
    if (!isDocument(source)) return () => source
    const [first] = Object.keys(source)
    return first?.startsWith('$') === true ? this.#operation(first, source) : this.#object(source)
  }

  #array(source: readonly unknown[]): Evaluate {
    const items = source.map(item => this.compile(item))
    return scope => items.map(evaluate => evaluate(scope) ?? null)
  }

  #object(source: Document): Evaluate {
    const fields = Object.entries(source).map(([name, field]) => {
      if (name.startsWith('$')) throw misread(`An expression mixes the operator ${name} with plain fields.`)
      if (name.includes('.')) throw misread(`The field name ${JSON.stringify(name)} holds a dot.`)
      return [name, this.compile(field)] as const
    })
    return scope => {
      const result: Document = {}
      for (const [name, evaluate] of fields) {
        const value = evaluate(scope)
        if (value !== undefined) setField(result, name, value)
      }
      return result
    }
  }

  #operation(name: string, source: Document): Evaluate {
    const others = Object.keys(source).length - 1
    if (others > 0)
      throw misread(`An expression holds one operator; beside ${name} there are ${others} more fields.`)
    const operator = Object.hasOwn(OPERATORS, name)
      ? (OPERATORS as Record<string, Operator>)[name]
      : undefined
    if (operator === undefined) throw unknownOperator(name)
    const written = source[name]
    if ('compile' in operator) return operator.compile(written, this)
    const operands = (Array.isArray(written) ? written : [written]).map(operand => this.compile(operand))
    const { least, most } = operator
    if (operands.length < least || operands.length > most) {
      const wanted =
        least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`
      throw misread(`${name} takes ${wanted} operands, not ${operands.length}.`)
    }
    return scope =>
      operator.compute(
        operands.map(evaluate => evaluate(scope)),
        scope,
      )
  }

  #reference(text: string): Evaluate {
    if (!text.startsWith('$$')) {
      const path = readFieldPath(text.slice(1), 'The path')
      this.#use.names.add(path.segments[0] ?? '')
      return ({ current }) => valueAt(current, path.segments, 0)
    }
    const [name = '', ...segments] = readFieldPath(text.slice(2), 'The variable').segments
    switch (name) {
      case 'ROOT':
      case 'CURRENT':
        this.#noteRoot(segments)
        return name === 'ROOT'
          ? ({ root }) => valueAt(root, segments, 0)
          : ({ current }) => valueAt(current, segments, 0)
      case 'REMOVE':
        return () => undefined
      case 'NOW': {
        const now = new Date(this.nowMs)
        return () => now
      }
      case 'KEEP':
      case 'PRUNE':
      case 'DESCEND':
        return () => text
      default:
        if (!this.#names.has(name)) throw misread(`Use of undefined variable: ${name}`)
        return ({ variables }) => valueAt(variableOf(variables, name), segments, 0)
    }
  }

  #noteRoot(segments: readonly string[]): void {
    const [first] = segments
    if (first === undefined) this.#use.isAll = true
    else this.#use.names.add(first)
  }
}

function variableOf(variables: Variable | undefined, name: string): unknown {
  for (let one = variables; one !== undefined; one = one.outer) if (one.name === name) return one.value
  return undefined
}
