import { DatabaseError } from '../errors.ts'
import { type Document, isDocument } from './document.ts'
import { type Filter, unknownOperator } from './filter.ts'
import { compileFilter } from './match.ts'
import { type Path, parsePath } from './path.ts'
import { type FieldUpdate, UPDATE_OPERATORS } from './update-operators.ts'
import { type FindPosition, findTargets } from './update-path.ts'

/** An update read from its operators, ready to be applied to documents that match its filter. */
export interface Update {
  /** Whether it asks for no change at all. */
  readonly isEmpty: boolean
  /** Changes the document in place; it is to be thrown away if this throws. */
  apply(document: Document): void
}

interface Change {
  readonly operator: string
  readonly path: Path
  readonly update: FieldUpdate
}

/**
 * Reads update operators (`{$set: {…}, $inc: {…}}`) in extended JSON. Server dates are `nowMs`.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for an operator there isn't, INVALID_PARAM for a bad operand
 *   or a change of `_id`, DATABASE_REQUEST_FAILED when two paths conflict.
 */
export function parseUpdate(update: unknown, filter: Filter, nowMs: number): Update {
  if (!isDocument(update))
    throw new DatabaseError('INVALID_PARAM', 'An update must be an object of update operators.')
  const changes: Change[] = []
  const paths: Path[] = []
  for (const [operator, fields] of Object.entries(update)) {
    const parse = Object.hasOwn(UPDATE_OPERATORS, operator) ? UPDATE_OPERATORS[operator] : undefined
    if (parse === undefined) throw unknownUpdate(operator)
    if (!isDocument(fields))
      throw new DatabaseError('INVALID_PARAM', `${operator} needs an object of fields.`)
    for (const [name, operand] of Object.entries(fields)) {
      const path = parseUpdatePath(name)
      const change = { operator, path, update: within(operator, path, () => parse(operand, nowMs)) }
      changes.push(change)
      paths.push(path)
      if (change.update.renameTo !== undefined) paths.push(parseUpdatePath(change.update.renameTo))
    }
  }
  refuseConflicts(paths)
  const findPosition = positionFinder(filter)
  return {
    isEmpty: changes.length === 0,
    apply: document => {
      for (const change of changes) applyChange(document, change, findPosition)
    },
  }
}

function unknownUpdate(operator: string): DatabaseError {
  if (operator.startsWith('$')) return unknownOperator(operator)
  return new DatabaseError(
    'INVALID_PARAM',
    `An update holds operators such as $set, not the plain field "${operator}".`,
  )
}

function parseUpdatePath(text: string): Path {
  const path = parsePath(text)
  if (path.segments[0] === '_id') throw new DatabaseError('INVALID_PARAM', '不能更新_id的值')
  for (const [index, segment] of path.segments.entries()) {
    if (segment === '') {
      throw new DatabaseError('INVALID_PARAM', `The update path "${text}" has an empty field name.`)
    }
    if (segment.startsWith('$') && (index === 0 || (segment !== '$' && segment !== '$[]'))) {
      throw new DatabaseError(
        'INVALID_PARAM',
        `The update path "${text}" has a field name that starts with $.`,
      )
    }
  }
  return path
}

/** No path may be another, or lie within another: which one wins would be left to chance. */
function refuseConflicts(paths: readonly Path[]): void {
  const leaves = new Set<string>()
  const branches = new Set<string>()
  for (const { text, segments } of paths) {
    const parents = segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('.'))
    const conflict =
      leaves.has(text) || branches.has(text) ? text : parents.find(parent => leaves.has(parent))
    if (conflict !== undefined) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `Updating the path '${text}' would create a conflict at '${conflict}'.`,
      )
    }
    leaves.add(text)
    for (const parent of parents) branches.add(parent)
  }
}

function applyChange(
  document: Document,
  { operator, path, update }: Change,
  findPosition: FindPosition,
): void {
  for (const target of findTargets(document, path, update.creates, findPosition)) {
    within(operator, path, () => update.apply(target, document))
  }
}

/** What goes wrong is told by operator and field. */
function within<Result>(operator: string, path: Path, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new DatabaseError(error.reason, `${operator} of '${path.text}': ${error.message}`, { cause: error })
  }
}

/** Finds the element for `$` by trying the filter's conditions on that array on one element after the other. */
function positionFinder(filter: Filter): FindPosition {
  return (array, arrayPath) => {
    const conditions = conditionsUnder(filter, arrayPath)
    const index =
      conditions.length === 0 ? -1 : array.findIndex(item => matchesAlone(item, arrayPath, conditions))
    if (index >= 0) return index
    throw new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `The positional operator of '${arrayPath}.$' found no element: the filter must have a condition on "${arrayPath}".`,
    )
  }
}

function conditionsUnder(filter: Filter, arrayPath: string): Filter[] {
  if (filter.kind === 'and') return filter.filters.flatMap(inner => conditionsUnder(inner, arrayPath))
  if (filter.kind !== 'field') return []
  const { text } = filter.path
  return text === arrayPath || text.startsWith(`${arrayPath}.`) ? [filter] : []
}

function matchesAlone(item: unknown, arrayPath: string, conditions: readonly Filter[]): boolean {
  const alone = arrayPath.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), [item])
  return conditions.every(condition => compileFilter(condition)(alone))
}
