import { isDocument } from './document.ts'
import {
  binary,
  type Compiler,
  type Evaluate,
  failed,
  isNullish,
  isTrue,
  misread,
  type Operator,
  type OperatorTable,
  readNamed,
  unary,
  withVariable,
} from './evaluation.ts'
import { compareValues } from './value-order.ts'

/** Logic, comparison, choice, and the operators about expressions themselves. */
export const LOGIC: OperatorTable = {
  $and: lazily((operands, scope) => operands.every(evaluate => isTrue(evaluate(scope)))),
  $or: lazily((operands, scope) => operands.some(evaluate => isTrue(evaluate(scope)))),
  $not: unary(value => !isTrue(value)),
  $cmp: binary((left, right) => Math.sign(compareOperands(left, right))),
  $eq: binary((left, right) => compareOperands(left, right) === 0),
  $ne: binary((left, right) => compareOperands(left, right) !== 0),
  $gt: binary((left, right) => compareOperands(left, right) > 0),
  $gte: binary((left, right) => compareOperands(left, right) >= 0),
  $lt: binary((left, right) => compareOperands(left, right) < 0),
  $lte: binary((left, right) => compareOperands(left, right) <= 0),
  $cond: { compile: compileCond },
  $ifNull: { compile: compileIfNull },
  $switch: { compile: compileSwitch },
  $let: { compile: compileLet },
  $literal: { compile: written => () => written },
}

/** The order of all values, in which a missing one comes before null. */
export function compareOperands(left: unknown, right: unknown): number {
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined)
  return compareValues(left, right)
}

/** Operands that are evaluated only as far as the result needs. */
function lazily(
  decide: (operands: readonly Evaluate[], scope: Parameters<Evaluate>[0]) => boolean,
): Operator {
  return {
    compile: (written, compiler) => {
      const operands = listOf(written).map(operand => compiler.compile(operand))
      return scope => decide(operands, scope)
    },
  }
}

function listOf(written: unknown): readonly unknown[] {
  return Array.isArray(written) ? written : [written]
}

function compileCond(written: unknown, compiler: Compiler): Evaluate {
  if (Array.isArray(written) && written.length !== 3) {
    throw misread(`$cond takes 3 operands, not ${written.length}.`)
  }
  const parts = Array.isArray(written) ? written : namedParts(written)
  const [condition, then, otherwise] = parts.map(part => compiler.compile(part))
  if (condition === undefined || then === undefined || otherwise === undefined) {
    throw misread('$cond needs if, then and else.')
  }
  return scope => (isTrue(condition(scope)) ? then(scope) : otherwise(scope))
}

function namedParts(written: unknown): unknown[] {
  const named = readNamed('$cond', written, ['if', 'then', 'else'])
  return [named['if'], named['then'], named['else']]
}

function compileIfNull(written: unknown, compiler: Compiler): Evaluate {
  const operands = listOf(written).map(operand => compiler.compile(operand))
  const last = operands.at(-1)
  if (operands.length < 2 || last === undefined) throw misread('$ifNull takes at least 2 operands.')
  const firsts = operands.slice(0, -1)
  return scope => {
    for (const evaluate of firsts) {
      const value = evaluate(scope)
      if (!isNullish(value)) return value
    }
    return last(scope)
  }
}

function compileSwitch(written: unknown, compiler: Compiler): Evaluate {
  const named = readNamed('$switch', written, ['branches'], ['default'])
  const { branches } = named
  if (!Array.isArray(branches) || branches.length === 0) throw misread('$switch needs an array of branches.')
  const cases = branches.map(branch => {
    const parts = readNamed('A branch of $switch', branch, ['case', 'then'])
    return [compiler.compile(parts['case']), compiler.compile(parts['then'])] as const
  })
  const otherwise = Object.hasOwn(named, 'default') ? compiler.compile(named['default']) : undefined
  return scope => {
    for (const [condition, then] of cases) if (isTrue(condition(scope))) return then(scope)
    if (otherwise !== undefined) return otherwise(scope)
    throw failed('$switch: no branch fits a document, and there is no default.')
  }
}

function compileLet(written: unknown, compiler: Compiler): Evaluate {
  const { vars, in: inner } = readNamed('$let', written, ['vars', 'in'])
  if (!isDocument(vars)) throw misread('$let needs an object as vars.')
  const variables = Object.entries(vars).map(([name, source]) => [name, compiler.compile(source)] as const)
  const evaluate = compiler.define(Object.keys(vars)).compile(inner)
  return scope => {
    // All are evaluated outside: none sees another.
    const inside = variables.reduce(
      (extended, [name, value]) => withVariable(extended, name, value(scope)),
      scope,
    )
    return evaluate(inside)
  }
}
