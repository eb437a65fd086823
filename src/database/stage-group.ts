import { ACCUMULATORS } from './accumulator.ts'
import { type Document, isDocument } from './document.ts'
import type { Evaluate } from './evaluation.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { compareOperands } from './expression-logic.ts'
import { unknownOperator } from './filter.ts'
import { type GroupForm, groupFormOf } from './group-form.ts'
import { type Grouping, Groups, type OutputField } from './groups.ts'
import {
  badStage,
  NO_FIELDS,
  type PipelineRun,
  requireFields,
  type StageContext,
  type StageTable,
  type StageTask,
} from './stage.ts'

/** Stages that make one document of many. */
export const GROUP_STAGES: StageTable = {
  $group: (operand, context) => {
    const { _id: by, ...outputs } = requireFields(context, operand)
    if (by === undefined) throw badStage(context, 'needs an _id to group by; null makes one group of all.')
    const keyOf = context.compiler.compile(by)
    const grouping: Grouping = { keyOf, fields: readOutputs(context, outputs) }
    const form = groupFormOf(by, outputs)
    return {
      use: context.compiler.use,
      isClosed: true,
      ...(form === undefined ? {} : { task: groupTask(context.name, form, grouping) }),
      run: (documents, run) => group(documents, run, context.name, grouping),
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
        const groups = Array.from(group(documents, run, context.name, { keyOf, fields }))
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

function groupTask(stage: string, form: GroupForm, grouping: Grouping): StageTask {
  return { kind: 'group', form, start: ({ memory }) => new Groups(memory.hold(stage), grouping) }
}

/** What groups give when they are told nothing else. */
export const COUNT: Document = { count: { $sum: 1 } }

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

/** Gives the groups once it has seen all documents. */
export function* group(
  documents: Iterable<Document>,
  { memory, variables }: PipelineRun,
  stage: string,
  grouping: Grouping,
): Generator<Document> {
  const groups = new Groups(memory.hold(stage), grouping)
  try {
    groups.add(documents, variables)
    yield* groups.results()
  } finally {
    groups.release()
  }
}

/** Groups sorted by what they were made by. */
export function sortById(groups: Iterable<Document>): Document[] {
  return Array.from(groups).sort((a, b) => compareOperands(a['_id'], b['_id']))
}
