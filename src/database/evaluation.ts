import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isDocument } from './document.ts'
import { typeNameOf } from './value-type.ts'

/** What an expression sees while it is evaluated. A missing value is `undefined`, which no stored value is. */
export interface Scope {
  /** The document at hand: `$$ROOT`. */
  readonly root: unknown
  /** Where `$field` paths start: `$$CURRENT`. The root, but inside `$redact`. */
  readonly current: unknown
  readonly variables: Variable | undefined
  /** Array elements and characters that operators made for this document so far. */
  readonly made: { size: number }
}

/** The variables in sight, innermost first. */
export interface Variable {
  readonly name: string
  readonly value: unknown
  readonly outer: Variable | undefined
}

export type Evaluate = (scope: Scope) => unknown

/** Reads expressions where some variables are defined. */
export interface Compiler {
  readonly nowMs: number
  compile(source: unknown): Evaluate
  /** The same with further variables, whose names are checked. */
  define(names: readonly string[]): Compiler
}

/** An operator: a function of its evaluated operands, or one that reads what is written behind it by itself. */
export type Operator =
  | {
      readonly least: number
      readonly most: number
      compute(operands: readonly unknown[], scope: Scope): unknown
    }
  | { compile(written: unknown, compiler: Compiler): Evaluate }

export type OperatorTable = Readonly<Record<`$${string}`, Operator>>

export function unary(compute: (operand: unknown, scope: Scope) => unknown): Operator {
  return { least: 1, most: 1, compute: ([operand], scope) => compute(operand, scope) }
}

export function binary(compute: (left: unknown, right: unknown, scope: Scope) => unknown): Operator {
  return { least: 2, most: 2, compute: ([left, right], scope) => compute(left, right, scope) }
}

/** Between `least` and `most` operands, of which those left out are undefined. */
export function several(
  least: number,
  most: number,
  compute: (operands: readonly unknown[], scope: Scope) => unknown,
): Operator {
  return { least, most, compute }
}

/** The scope in which a document is evaluated, with what a pipeline was given from outside. */
export function scopeOf(document: unknown, variables?: Variable): Scope {
  return { root: document, current: document, variables, made: { size: 0 } }
}

/** The same scope with one more variable. */
export function withVariable(scope: Scope, name: string, value: unknown): Scope {
  return { ...scope, variables: { name, value, outer: scope.variables } }
}

/**
 * Counts what an operator is about to make, elements or characters.
 *
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED over what one document may need.
 */
export function make({ made }: Scope, size: number, operator: string): void {
  made.size += size
  if (made.size <= LIMITS.expressionSize) return
  throw failed(
    `${operator}: the expression makes more than ${LIMITS.expressionSize} array elements and characters for one document.`,
  )
}

export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

/** False, 0, null and missing are false; all else is true, NaN and the empty string too. */
export function isTrue(value: unknown): boolean {
  return value !== false && value !== 0 && value !== null && value !== undefined
}

/** An expression that is written wrongly. */
export function misread(message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', message)
}

/** An expression that can't be evaluated for a document. */
export function failed(message: string, cause?: unknown): DatabaseError {
  return new DatabaseError('DATABASE_REQUEST_FAILED', message, { cause })
}

/** A value of the wrong type met by an operator. */
export function mistyped(operator: string, expected: string, value: unknown): DatabaseError {
  return failed(`${operator} needs ${expected}, not ${typeNameOf(value)}.`)
}

/**
 * The named operands of an operator that takes an object.
 *
 * @throws {DatabaseError} INVALID_PARAM for no object, an unknown name, or a required one that is not there.
 */
export function readNamed(
  operator: string,
  written: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (!isDocument(written)) throw misread(`${operator} needs an object with ${required.join(', ')}.`)
  for (const name of Object.keys(written)) {
    if (required.includes(name) || optional.includes(name)) continue
    throw misread(`${operator} knows no "${name}"; it takes ${[...required, ...optional].join(', ')}.`)
  }
  for (const name of required) {
    if (!Object.hasOwn(written, name)) throw misread(`${operator} needs "${name}".`)
  }
  return written
}

/** @throws {DatabaseError} unless it is an integer within 32 bits. */
export function requireInteger(operator: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff) return value
  throw mistyped(operator, `a 32-bit integer as ${name}`, value)
}
