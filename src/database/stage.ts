import { DatabaseError } from '../errors.ts'
import { type Document, isDocument } from './document.ts'
import type { Variable } from './evaluation.ts'
import type { ExpressionCompiler, FieldUse } from './expression-compiler.ts'
import type { Filter } from './filter.ts'
import type { GroupForm } from './group-form.ts'
import type { Groups } from './groups.ts'
import type { PipelineMemory } from './pipeline-memory.ts'
import type { SortKey } from './sort.ts'

/** One stage of a pipeline, read and checked. */
export interface Stage {
  readonly name: string
  /** The fields it looks at, beside passing documents on. */
  readonly use: FieldUse
  /** Whether what comes out depends on nothing but those fields, their order in the document neither. */
  readonly isClosed?: boolean
  /** What it is in terms the database itself understands, where it stands among the first. */
  readonly task?: StageTask
  /** `wanted` is how many documents at most will be taken from it. */
  run(documents: Iterable<Document>, run: PipelineRun, wanted: number): Iterable<Document>
}

/**
 * `written` is the filter as the asker wrote it, for the proof a security rule may demand. A search by distance is
 * also a stage to be run.
 */
export type StageTask =
  | { readonly kind: 'match' | 'near'; readonly written: unknown; filterOf(run: PipelineRun): Filter }
  | { readonly kind: 'sort'; readonly keys: readonly SortKey[] }
  | { readonly kind: 'skip' | 'limit'; readonly count: number }
  | { readonly kind: 'count'; readonly field: string }
  | { readonly kind: 'group'; readonly form: GroupForm; start(run: PipelineRun): Groups }

/** What stages share while a pipeline runs. */
export interface PipelineRun {
  readonly memory: PipelineMemory
  /** Those that `let` of the lookups around this pipeline gave it. */
  readonly variables: Variable | undefined
  readonly collection: string
  /** Runs stages over another collection, the first of them within the database. */
  read(collection: string, stages: readonly Stage[], run: PipelineRun): Iterable<Document>
  /** The field of the one geo index of a collection; undefined when it has none, or several. */
  geoField(collection: string): string | undefined
}

/** What the reader of a stage is given. */
export interface StageContext {
  readonly name: string
  readonly nowMs: number
  /** Notes the fields of this stage alone. */
  readonly compiler: ExpressionCompiler
  readonly isFirst: boolean
  /** How many pipelines this one is inside of. */
  readonly depth: number
  /** Reads a pipeline inside this stage. */
  parse(pipeline: unknown, variables?: readonly string[]): readonly Stage[]
}

/** Runs stages one after the other; a sort that is cut short holds no more than it needs. */
export function runStages(
  documents: Iterable<Document>,
  stages: readonly Stage[],
  run: PipelineRun,
): Iterable<Document> {
  return stages.reduce(
    (input, stage, index) => stage.run(input, run, wantedOf(stages.slice(index + 1))),
    documents,
  )
}

/** How many documents the stages that follow take at most. */
function wantedOf(following: readonly Stage[]): number {
  let skipped = 0
  for (const { task } of following) {
    if (task?.kind === 'skip') skipped += task.count
    else return task?.kind === 'limit' ? skipped + task.count : Infinity
  }
  return Infinity
}

/** @throws {DatabaseError} INVALID_PARAM, DATABASE_INVALID_OPERATOR for an operand that is not understood. */
export type StageReader = (operand: unknown, context: StageContext) => Omit<Stage, 'name'>

export type StageTable = Readonly<Record<`$${string}`, StageReader>>

export function badStage({ name }: Pick<StageContext, 'name'>, message: string): DatabaseError {
  return new DatabaseError('INVALID_PARAM', `${name} ${message}`)
}

/** A whole number of documents. */
export function readCount(context: StageContext, operand: unknown, least: 0 | 1): number {
  if (typeof operand === 'number' && Number.isSafeInteger(operand) && operand >= least) return operand
  throw badStage(context, `needs a whole number of at least ${least}.`)
}

/** Fields of an operand that is an object, none but the known ones. */
export function readFields(
  context: StageContext,
  operand: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const fields = requireFields(context, operand)
  const unknown = Object.keys(fields).find(field => !known.includes(field))
  if (unknown === undefined) return fields
  throw badStage(context, `has no ${JSON.stringify(unknown)}; it takes ${known.join(', ')}.`)
}

export function requireFields(context: StageContext, operand: unknown): Document {
  if (isDocument(operand)) return Object.fromEntries(Object.entries(operand))
  throw badStage(context, 'needs an object.')
}

export const NO_FIELDS: FieldUse = { names: new Set(), isAll: false }
export const ALL_FIELDS: FieldUse = { names: new Set(), isAll: true }

export function fieldsOf(paths: Iterable<string>): FieldUse {
  return { names: new Set(Array.from(paths, path => path.split('.', 1)[0] ?? '')), isAll: false }
}
