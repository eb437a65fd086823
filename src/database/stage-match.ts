import { DatabaseError } from '../errors.ts'
import { type Document, isDocument } from './document.ts'
import { type Scope, scopeOf, type Variable } from './evaluation.ts'
import { ExpressionCompiler, type FieldUse } from './expression-compiler.ts'
import type { Filter } from './filter.ts'
import { parseConditions } from './filter-parser.ts'
import { compileFilter } from './match.ts'
import { parsePath } from './path.ts'
import type { PipelineRun, StageReader } from './stage.ts'

/** `$match`: a filter, in which `$expr` sees the variables of the lookups around. */
export const matchReader: StageReader = (operand, { compiler }) => {
  const filter = parseConditions(operand)
  const names = new Set<string>()
  const isAll = noteUse(filter, names, compiler)
  const filterOf = (run: PipelineRun): Filter => bindFilter(filter, run.variables)
  return {
    use: { names: new Set([...names, ...compiler.use.names]), isAll: isAll || compiler.use.isAll },
    task: { kind: 'match', written: operand, filterOf },
    run: (documents, run) => select(documents, filterOf(run)),
  }
}

export function* select(documents: Iterable<Document>, filter: Filter): Generator<Document> {
  const matches = compileFilter(filter)
  for (const document of documents) if (matches(document)) yield document
}

/** Notes the fields a filter looks at, and checks its expressions; true when it may look at any. */
function noteUse(filter: Filter, names: Set<string>, compiler: ExpressionCompiler): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return filter.filters.map(inner => noteUse(inner, names, compiler)).includes(true)
    case 'field':
      names.add(filter.path.segments[0] ?? '')
      return false
    case 'expression':
      compiler.compile(filter.expression)
      return false
    case 'schema':
      return true
  }
}

/** The filter with the variables put into its expressions, and with what follows from those for stored fields. */
function bindFilter(filter: Filter, variables: Variable | undefined): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return { kind: filter.kind, filters: filter.filters.map(inner => bindFilter(inner, variables)) }
    case 'expression': {
      const bound: Filter = { kind: 'expression', expression: bindExpression(filter.expression, variables) }
      const implied = impliedFilters(filter.expression, variables)
      return implied.length === 0 ? bound : { kind: 'and', filters: [...implied, bound] }
    }
    default:
      return filter
  }
}

function bindExpression(expression: unknown, variables: Variable | undefined): unknown {
  const vars: Record<string, unknown> = {}
  for (let one = variables; one !== undefined; one = one.outer) {
    // The innermost of a name is the one in sight.
    if (!Object.hasOwn(vars, one.name)) vars[one.name] = { $literal: one.value }
  }
  return variables === undefined ? expression : { $let: { vars, in: expression } }
}

/**
 * Conditions on fields that hold wherever the expression does, so that the database can look up what it would
 * otherwise have to try one by one: `{ $eq: ['$field', value] }`, by itself or within `$and`.
 */
function impliedFilters(expression: unknown, variables: Variable | undefined): Filter[] {
  if (!isDocument(expression)) return []
  const { $and: members, $eq: operands } = expression
  if (Array.isArray(members)) return members.flatMap(member => impliedFilters(member, variables))
  if (!Array.isArray(operands) || operands.length !== 2) return []
  const [left, right]: unknown[] = operands
  const [field, other] = isField(left) ? [left, right] : [right, left]
  if (!isField(field)) return []
  const value = constantOf(other, scopeOf(undefined, variables))
  // Of arrays and objects, and of null, a filter would find others than the expression does.
  const isPlain = ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Date
  if (!isPlain || Number.isNaN(value)) return []
  return [{ kind: 'field', path: parsePath(field.slice(1)), expandLeaf: true, test: { op: 'eq', value } }]
}

function isField(operand: unknown): operand is string {
  return typeof operand === 'string' && /^\$[^$]/.test(operand)
}

/** The value of an operand that is the same for every document; undefined when it may not be. */
function constantOf(operand: unknown, scope: Scope): unknown {
  // The moment is fixed when the filter is compiled, which is later.
  if (JSON.stringify(operand ?? null).includes('$$NOW')) return undefined
  const compiler = new ExpressionCompiler(0, variableNames(scope.variables))
  const evaluate = compiler.compile(operand)
  const { names, isAll }: FieldUse = compiler.use
  if (names.size > 0 || isAll) return undefined
  try {
    return evaluate(scope)
  } catch (error) {
    // It fails the request if the filter comes to evaluate it, which it need not.
    if (error instanceof DatabaseError) return undefined
    throw error
  }
}

function* variableNames(variables: Variable | undefined): Generator<string> {
  for (let one = variables; one !== undefined; one = one.outer) yield one.name
}
