import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { decodeInput, isDocument } from './document.ts'
import { ExpressionCompiler } from './expression-compiler.ts'
import { unknownOperator } from './filter.ts'
import type { Stage, StageContext, StageReader, StageTable } from './stage.ts'
import { BUCKET_STAGES } from './stage-bucket.ts'
import { GRAPH_STAGES } from './stage-graph.ts'
import { GROUP_STAGES } from './stage-group.ts'
import { JOIN_STAGES } from './stage-join.ts'
import { NEAR_STAGES } from './stage-near.ts'
import { ORDER_STAGES } from './stage-order.ts'
import { REDACT_STAGES } from './stage-redact.ts'
import { SHAPE_STAGES } from './stage-shape.ts'

const STAGES: StageTable = {
  ...BUCKET_STAGES,
  ...GRAPH_STAGES,
  ...GROUP_STAGES,
  ...JOIN_STAGES,
  ...NEAR_STAGES,
  ...ORDER_STAGES,
  ...REDACT_STAGES,
  ...SHAPE_STAGES,
}

/**
 * Reads an aggregation pipeline in extended JSON.
 *
 * @throws {DatabaseError} DATABASE_INVALID_OPERATOR for a stage or operator there isn't, INVALID_PARAM for a bad
 *   operand or too many stages.
 */
export function parsePipeline(pipeline: unknown, nowMs: number): readonly Stage[] {
  return readStages(decodeInput(pipeline, 'filter', nowMs), new ExpressionCompiler(nowMs), 0)
}

function readStages(pipeline: unknown, compiler: ExpressionCompiler, depth: number): readonly Stage[] {
  if (!Array.isArray(pipeline))
    throw new DatabaseError('INVALID_PARAM', 'A pipeline must be an array of stages.')
  if (pipeline.length > LIMITS.pipelineStages) {
    throw new DatabaseError(
      'INVALID_PARAM',
      `A pipeline may have ${LIMITS.pipelineStages} stages, not ${pipeline.length}.`,
    )
  }
  return pipeline.map((written: unknown, index) => {
    const [[name, operand] = ['', undefined], ...others] = isDocument(written) ? Object.entries(written) : []
    if (name === '' || others.length > 0) {
      throw new DatabaseError(
        'INVALID_PARAM',
        `Stage ${index} must be an object with one field, e.g. { $match: … }.`,
      )
    }
    const reader = Object.hasOwn(STAGES, name) ? (STAGES as Record<string, StageReader>)[name] : undefined
    if (reader === undefined) throw unknownOperator(name)
    const context: StageContext = {
      name,
      nowMs: compiler.nowMs,
      compiler: compiler.fresh(),
      isFirst: index === 0 && depth === 0,
      depth,
      parse: (inner, variables = []) => readStages(inner, compiler.fresh().define(variables), depth + 1),
    }
    return { name, ...reader(operand, context) }
  })
}
