import { setField } from '../protocol/value.ts'
import { ACCUMULATORS, type Accumulator, type Hold } from './accumulator.ts'
import { type Document, isDocument } from './document.ts'
import { type Evaluate, scopeOf } from './evaluation.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { compareOperands } from './expression-logic.ts'
import { unknownOperator } from './filter.ts'
import {
  badStage,
  NO_FIELDS,
  type PipelineRun,
  requireFields,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { ValueMap } from './value-map.ts'
import { sizeOf } from './value-size.ts'

/** Stages that make one document of many. */
export const GROUP_STAGES: StageTable = {
  $group: (operand, context) => {
    const { _id: by, ...outputs } = requireFields(context, operand)
    if (by === undefined) throw badStage(context, 'needs an _id to group by; null makes one group of all.')
    const keyOf = context.compiler.compile(by)
    const fields = readOutputs(context, outputs)
    return {
      use: context.compiler.use,
      isClosed: true,
      run: (documents, run) => group(documents, run, { stage: context.name, keyOf, fields }),
    }
  },
  $sortByCount: (operand, context) => {
    const isExpression = typeof operand === 'string' ? operand.startsWith('$') : isDocument(operand)
    if (!isExpression) throw badStage(context, 'needs an expression: "$field" or an operator.')
    const keyOf = context.compiler.compile(operand)
    const fields = readOutputs(context, COUNT)
    return {
      use: context.compiler.use,
      isClosed: true,
      run: (documents, run) => {
        const groups = Array.from(group(documents, run, { stage: context.name, keyOf, fields }))
        return groups.sort((a, b) => Number(b['count']) - Number(a['count']))
      },
    }
  },
  $count: (operand, context) => {
    const isName = typeof operand === 'string' && operand !== '' && !/^\$|[.\0]/.test(operand)
    if (!isName)
      throw badStage(context, 'needs the name of a field, not empty, without $ in front and without dots.')
    return {
      use: NO_FIELDS,
      isClosed: true,
      task: { kind: 'count', field: operand },
      run: function* (documents) {
        let count = 0
        for (const _ of documents) count++
        if (count > 0) yield { [operand]: count }
      },
    }
  },
}

/** What groups give when they are told nothing else. */
export const COUNT: Document = { count: { $sum: 1 } }

export interface OutputField {
  readonly name: string
  readonly evaluate: Evaluate
  readonly create: (hold: Hold) => Accumulator
}

/** Fields of a group, each one accumulator. */
export function readOutputs(context: StageContext, outputs: Document): readonly OutputField[] {
  return Object.entries(outputs).map(([name, written]) => {
    if (name.startsWith('$') || name.includes('.')) {
      throw badStage(context, `can't have a field ${JSON.stringify(name)}: no $ in front and no dots.`)
    }
    const [[operator, operand] = ['', undefined], ...others] = isDocument(written)
      ? Object.entries(written)
      : []
    if (!operator.startsWith('$') || others.length > 0) {
      throw badStage(context, `needs one accumulator for "${name}", e.g. { $sum: "$price" }.`)
    }
    const create = Object.hasOwn(ACCUMULATORS, operator) ? ACCUMULATORS[operator] : undefined
    if (create === undefined) throw unknownOperator(operator)
    if (Array.isArray(operand))
      throw badStage(context, `takes one operand for ${operator} of "${name}", not an array.`)
    return { name, create, evaluate: compileOperand(operator, operand, context.compiler) }
  })
}

function compileOperand(operator: string, operand: unknown, compiler: ExpressionCompiler): Evaluate {
  return operator === '$count' ? () => null : compiler.compile(operand)
}

export interface Grouping {
  readonly stage: string
  readonly keyOf: Evaluate
  readonly fields: readonly OutputField[]
}

/** Groups in the order of their first documents. What is missing groups with null. */
export function* group(
  documents: Iterable<Document>,
  { memory, variables }: PipelineRun,
  { stage, keyOf, fields }: Grouping,
): Generator<Document> {
  const holding = memory.hold(stage)
  const hold: Hold = bytes => holding.add(bytes)
  const groups = new ValueMap<readonly Accumulator[]>()
  try {
    for (const document of documents) {
      const scope = scopeOf(document, variables)
      const key = keyOf(scope) ?? null
      let accumulators = groups.get(key)
      if (accumulators === undefined) {
        accumulators = fields.map(({ create }) => create(hold))
        hold(GROUP_BYTES + 2 * sizeOf(key) + ACCUMULATOR_BYTES * fields.length)
        groups.add(key, accumulators)
      }
      for (let index = 0; index < fields.length; index++) {
        accumulators[index]?.add(fields[index]?.evaluate(scope))
      }
    }
    for (const [key, accumulators] of groups.entries()) yield outputOf(key, fields, accumulators)
  } finally {
    holding.release()
  }
}

const GROUP_BYTES = 200
const ACCUMULATOR_BYTES = 100

export function outputOf(
  key: unknown,
  fields: readonly OutputField[],
  accumulators: readonly Accumulator[],
): Document {
  const output: Document = { _id: key }
  for (const [index, { name }] of fields.entries()) setField(output, name, accumulators[index]?.result())
  return output
}

/** Groups sorted by what they were made by. */
export function sortById(groups: Iterable<Document>): Document[] {
  return Array.from(groups).sort((a, b) => compareOperands(a['_id'], b['_id']))
}
