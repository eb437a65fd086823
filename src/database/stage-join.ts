import { setField } from '../protocol/value.ts'
import type { Document } from './document.ts'
import { type Evaluate, scopeOf, type Variable } from './evaluation.ts'
import { setAt } from './field-edit.ts'
import { readFieldPath } from './field-path.ts'
import type { Filter } from './filter.ts'
import { type Path, someValue } from './path.ts'
import {
  ALL_FIELDS,
  badStage,
  fieldsOf,
  type PipelineRun,
  readFields,
  requireFields,
  runStages,
  type Stage,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { select } from './stage-match.ts'
import { sizeOf } from './value-size.ts'

/** Stages that bring documents from elsewhere, or go several ways. */
export const JOIN_STAGES: StageTable = {
  $lookup: readLookup,
  $facet: readFacet,
}

interface Lookup {
  readonly from: string
  readonly as: Path
  /** The fields that must be equal. */
  readonly join: { readonly local: Path; readonly foreign: Path } | undefined
  readonly variables: readonly (readonly [name: string, evaluate: Evaluate])[]
  readonly stages: readonly Stage[]
}

function readLookup(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  const known = ['from', 'localField', 'foreignField', 'let', 'pipeline', 'as']
  const fields = readFields(context, operand, known)
  const { from, localField, foreignField, pipeline } = fields
  if (typeof from !== 'string' || from === '')
    throw badStage(context, 'needs the name of a collection as from.')
  if ((localField === undefined) !== (foreignField === undefined)) {
    throw badStage(context, 'needs both localField and foreignField, or neither.')
  }
  if (localField === undefined && pipeline === undefined) {
    throw badStage(context, 'needs localField and foreignField, or a pipeline.')
  }
  if (fields['let'] !== undefined && pipeline === undefined)
    throw badStage(context, 'takes let only with a pipeline.')
  const given =
    fields['let'] === undefined ? {} : requireFields({ ...context, name: '$lookup.let' }, fields['let'])
  const local = localField === undefined ? undefined : readFieldPath(localField, 'localField')
  const lookup: Lookup = {
    from,
    as: readFieldPath(fields['as'], 'as'),
    join: local && { local, foreign: readFieldPath(foreignField, 'foreignField') },
    variables: Object.entries(given).map(([name, written]) => [name, context.compiler.compile(written)]),
    stages: pipeline === undefined ? [] : context.parse(pipeline, Object.keys(given)),
  }
  const { names, isAll } = context.compiler.use
  const own = fieldsOf([lookup.as.text, ...(local === undefined ? [] : [local.text])]).names
  return {
    use: { names: new Set([...names, ...own]), isAll },
    run: (documents, run) => join(documents, run, lookup),
  }
}

function* join(documents: Iterable<Document>, run: PipelineRun, lookup: Lookup): Generator<Document> {
  const isAlike = lookup.join === undefined && lookup.variables.length === 0
  const holding = run.memory.hold('$lookup')
  let always: Document[] | undefined
  try {
    for (const document of documents) {
      const found = always ?? Array.from(lookUp(document, run, lookup))
      const sizeBytes = always === undefined ? sizeOf(found) : 0
      holding.add(sizeBytes)
      if (isAlike) always = found
      yield setAt(document, lookup.as.segments, found)
      // The document has gone on, and with it what was found for it.
      if (!isAlike) holding.add(-sizeBytes)
    }
  } finally {
    holding.release()
  }
}

function lookUp(document: Document, run: PipelineRun, lookup: Lookup): Iterable<Document> {
  const scope = scopeOf(document, run.variables)
  const variables = lookup.variables.reduce<Variable | undefined>(
    (outer, [name, evaluate]) => ({ name, value: evaluate(scope), outer }),
    run.variables,
  )
  const stages =
    lookup.join === undefined ? lookup.stages : [equalStage(document, lookup.join), ...lookup.stages]
  return run.read(lookup.from, stages, { ...run, variables })
}

/** The foreign documents that have one of the values the local field leads to; null and missing are alike. */
function equalStage(document: Document, { local, foreign }: NonNullable<Lookup['join']>): Stage {
  const values: unknown[] = []
  someValue(document, local.segments, false, value => {
    for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) values.push(item)
    return false
  })
  return equalsAny(foreign, values)
}

/** Finds documents by one of several values; none of them is null. */
export function equalsAny(foreign: Path, values: readonly unknown[]): Stage {
  const [only] = values
  const test: Filter & { kind: 'field' } = {
    kind: 'field',
    path: foreign,
    expandLeaf: true,
    test: values.length < 2 ? { op: 'eq', value: only ?? null } : { op: 'in', values, patterns: [] },
  }
  return {
    name: '$match',
    use: fieldsOf([foreign.text]),
    task: { kind: 'match', written: { [foreign.text]: { $in: values } }, filterOf: () => test },
    run: documents => select(documents, test),
  }
}

function readFacet(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  const fields = Object.entries(requireFields(context, operand))
  if (fields.length === 0) throw badStage(context, 'needs at least one field with a pipeline.')
  const facets = fields.map(([name, pipeline]) => {
    if (name.startsWith('$') || name.includes('.')) {
      throw badStage(context, `can't have a field ${JSON.stringify(name)}: no $ in front and no dots.`)
    }
    const stages = context.parse(pipeline)
    const misplaced = stages.find(stage => stage.name === '$facet' || stage.name === '$geoNear')
    if (misplaced !== undefined) throw badStage(context, `can't hold ${misplaced.name}.`)
    return [name, stages] as const
  })
  return {
    use: ALL_FIELDS,
    run: (documents, run) => facet(documents, run, facets),
  }
}

function* facet(
  documents: Iterable<Document>,
  run: PipelineRun,
  facets: readonly (readonly [name: string, stages: readonly Stage[]])[],
): Generator<Document> {
  const holding = run.memory.hold('$facet')
  try {
    const inputs: Document[] = []
    for (const document of documents) {
      holding.add(sizeOf(document))
      inputs.push(document)
    }
    const result: Document = {}
    for (const [name, stages] of facets) {
      const outputs: Document[] = []
      for (const document of runStages(inputs, stages, run)) {
        holding.add(sizeOf(document))
        outputs.push(document)
      }
      setField(result, name, outputs)
    }
    yield result
  } finally {
    holding.release()
  }
}
