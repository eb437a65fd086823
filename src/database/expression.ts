import { Query } from 'mingo'
import { DatabaseError } from '../errors.ts'
import { type Document, isDocument } from './document.ts'
import { unknownOperator } from './filter.ts'

/**
 * An aggregation expression (`$expr`) as a predicate on decoded documents.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for expressions that run script, or that don't exist (then
 *   when first evaluated), DATABASE_REQUEST_FAILED when one can't be evaluated.
 */
export function compileExpression(expression: unknown): (document: Document) => boolean {
  refuseScript(expression)
  const query = new Query({ $expr: expression }, { scriptEnabled: false })
  return document => {
    try {
      return query.test(document)
    } catch (error) {
      throw expressionError(error)
    }
  }
}

const SCRIPT_OPERATORS: ReadonlySet<string> = new Set(['$function', '$accumulator', '$where'])

function refuseScript(expression: unknown): void {
  if (Array.isArray(expression)) expression.forEach(refuseScript)
  if (!isDocument(expression)) return
  for (const [name, operand] of Object.entries(expression)) {
    if (SCRIPT_OPERATORS.has(name)) throw unknownOperator(name)
    refuseScript(operand)
  }
}

function expressionError(error: unknown): DatabaseError {
  const message = error instanceof Error ? error.message : String(error)
  const [operator] = /\$\w+/.exec(message) ?? []
  if (operator !== undefined && /not (registered|found)|unknown|unsupported/i.test(message))
    return unknownOperator(operator)
  return new DatabaseError('DATABASE_REQUEST_FAILED', `$expr can't be evaluated: ${message}`, {
    cause: error,
  })
}
