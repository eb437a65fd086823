import type { Document } from './document.ts'
import { type Evaluate, failed, scopeOf } from './evaluation.ts'
import { compareOperands } from './expression-logic.ts'
import { type OutputField, outputOf } from './groups.ts'
import { type Rounding, roundingOf } from './preferred-numbers.ts'
import {
  badStage,
  type PipelineRun,
  readCount,
  readFields,
  requireFields,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { COUNT, group, readOutputs, sortById } from './stage-group.ts'
import { rankOf } from './value-order.ts'
import { sizeOf } from './value-size.ts'
import { typeNameOf } from './value-type.ts'

export const BUCKET_STAGES: StageTable = {
  $bucket: (operand, context) => {
    const fields = readFields(context, operand, ['groupBy', 'boundaries', 'default', 'output'])
    const groupBy = compileGroupBy(context, fields['groupBy'])
    const boundaries = readBoundaries(context, fields['boundaries'])
    const hasDefault = Object.hasOwn(fields, 'default')
    const otherwise = hasDefault ? constantOf(context, fields['default']) : undefined
    if (hasDefault) checkDefault(context, boundaries, otherwise)
    const outputs = readBucketOutputs(context, fields['output'])
    const keyOf: Evaluate = scope => {
      const value = groupBy(scope)
      const bucket = bucketOf(boundaries, value)
      if (bucket !== undefined) return bucket
      if (hasDefault) return otherwise
      throw failed(
        `$bucket: a value (${typeNameOf(value)}) lies outside all boundaries, and there is no default.`,
      )
    }
    return {
      use: context.compiler.use,
      isClosed: true,
      run: (documents, run) => sortById(group(documents, run, context.name, { keyOf, fields: outputs })),
    }
  },
  $bucketAuto: (operand, context) => {
    const fields = readFields(context, operand, ['groupBy', 'buckets', 'output', 'granularity'])
    const auto: AutoBuckets = {
      groupBy: compileGroupBy(context, fields['groupBy']),
      count: readCount(context, fields['buckets'], 1),
      outputs: readBucketOutputs(context, fields['output']),
      rounding: readRounding(context, fields['granularity']),
    }
    return {
      use: context.compiler.use,
      isClosed: true,
      run: (documents, run) => bucketAuto(documents, run, auto),
    }
  },
}

function compileGroupBy(context: StageContext, groupBy: unknown): Evaluate {
  const isExpression = typeof groupBy === 'string' ? groupBy.startsWith('$') : typeof groupBy === 'object'
  if (!isExpression || groupBy === null) {
    throw badStage(context, 'needs groupBy, an expression: "$field" or an operator.')
  }
  return context.compiler.compile(groupBy)
}

function readBucketOutputs(context: StageContext, output: unknown): readonly OutputField[] {
  return readOutputs(context, output === undefined ? COUNT : requireFields(context, output))
}

/** The value of an expression that looks at no document. */
function constantOf(context: StageContext, written: unknown): unknown {
  const compiler = context.compiler.fresh()
  const evaluate = compiler.compile(written)
  if (compiler.use.isAll || compiler.use.names.size > 0) {
    throw badStage(context, 'needs constants as boundaries and default: they may not look at the document.')
  }
  return evaluate(scopeOf(undefined)) ?? null
}

function readBoundaries(context: StageContext, written: unknown): readonly unknown[] {
  if (!Array.isArray(written) || written.length < 2)
    throw badStage(context, 'needs an array of at least 2 boundaries.')
  const boundaries = written.map(boundary => constantOf(context, boundary))
  for (const [index, boundary] of boundaries.slice(1).entries()) {
    if (rankOf(boundary) !== rankOf(boundaries[index]))
      throw badStage(context, 'needs boundaries of one type.')
    if (compareOperands(boundaries[index], boundary) >= 0) {
      throw badStage(context, 'needs boundaries in ascending order, none twice.')
    }
  }
  return boundaries
}

function checkDefault(context: StageContext, boundaries: readonly unknown[], otherwise: unknown): void {
  const isOutside =
    compareOperands(otherwise, boundaries[0]) < 0 || compareOperands(otherwise, boundaries.at(-1)) >= 0
  if (!isOutside) throw badStage(context, 'needs a default that lies outside all boundaries.')
}

/** The lower boundary of the bucket a value falls into. */
function bucketOf(boundaries: readonly unknown[], value: unknown): unknown {
  if (compareOperands(value, boundaries[0]) < 0 || compareOperands(value, boundaries.at(-1)) >= 0)
    return undefined
  let [low, high] = [0, boundaries.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (compareOperands(value, boundaries[middle]) < 0) high = middle
    else low = middle
  }
  return boundaries[low]
}

interface AutoBuckets {
  readonly groupBy: Evaluate
  readonly count: number
  readonly outputs: readonly OutputField[]
  readonly rounding: Rounding | undefined
}

function readRounding(context: StageContext, granularity: unknown): Rounding | undefined {
  if (granularity === undefined) return undefined
  const rounding = typeof granularity === 'string' ? roundingOf(granularity) : undefined
  if (rounding === undefined) throw badStage(context, `knows no granularity ${JSON.stringify(granularity)}.`)
  return rounding
}

interface Entry {
  readonly value: unknown
  readonly document: Document
}

/** Buckets with about as many documents each; equal values are never parted. */
function* bucketAuto(
  documents: Iterable<Document>,
  run: PipelineRun,
  auto: AutoBuckets,
): Generator<Document> {
  const { groupBy, count, outputs, rounding } = auto
  const holding = run.memory.hold('$bucketAuto')
  const hold = (bytes: number): void => holding.add(bytes)
  const entries: Entry[] = []
  try {
    for (const document of documents) {
      const value = groupBy(scopeOf(document, run.variables)) ?? null
      if (rounding !== undefined) requireRoundable(value)
      hold(sizeOf(document) + ENTRY_BYTES)
      entries.push({ value, document })
    }
    entries.sort((a, b) => compareOperands(a.value, b.value))
    const least = Math.max(1, Math.round(entries.length / count))
    let start = 0
    let min = rounding === undefined ? entries[0]?.value : rounding.down(Number(entries[0]?.value))
    for (let index = 0; start < entries.length; index++) {
      const isLast = index === count - 1
      const [end, max] = endOfBucket(entries, start, isLast ? entries.length : start + least, rounding)
      const accumulators = outputs.map(({ create }) => create(hold))
      for (const { document } of entries.slice(start, end)) {
        const scope = scopeOf(document, run.variables)
        for (const [position, { evaluate }] of outputs.entries()) accumulators[position]?.add(evaluate(scope))
      }
      yield outputOf({ min, max }, outputs, accumulators)
      start = end
      min = max
    }
  } finally {
    holding.release()
  }
}

const ENTRY_BYTES = 32

function requireRoundable(value: unknown): void {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return
  throw failed(
    `$bucketAuto with a granularity needs numbers of at least 0 from groupBy, not ${String(value)}.`,
  )
}

/** Where a bucket that would end before `wanted` ends: upper boundaries are exclusive, but for the last one's. */
function endOfBucket(
  entries: readonly Entry[],
  start: number,
  wanted: number,
  rounding: Rounding | undefined,
): readonly [end: number, max: unknown] {
  let end = Math.min(Math.max(wanted, start + 1), entries.length)
  const greatest = entries[end - 1]?.value
  if (rounding === undefined) {
    while (end < entries.length && compareOperands(entries[end]?.value, greatest) === 0) end++
    return [end, entries[end]?.value ?? greatest]
  }
  const boundary = rounding.up(Number(greatest))
  while (end < entries.length && Number(entries[end]?.value) < boundary) end++
  // A bucket of zeros alone would have no width: it ends below the next value.
  const isFlat = boundary === 0 && end < entries.length
  return [end, isFlat ? rounding.down(Number(entries[end]?.value)) : boundary]
}
