import type { Document } from './document.ts'
import { isTrue, scopeOf } from './evaluation.ts'
import { ExpressionCompiler } from './expression-compiler.ts'

/**
 * An aggregation expression (`$expr`) as a predicate on decoded documents.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for an operator there isn't, INVALID_PARAM for one written
 *   wrongly; the predicate, DATABASE_REQUEST_FAILED for a document it can't be evaluated for.
 */
export function compileExpression(expression: unknown): (document: Document) => boolean {
  const evaluate = new ExpressionCompiler(Date.now()).compile(expression)
  return document => isTrue(evaluate(scopeOf(document)))
}
