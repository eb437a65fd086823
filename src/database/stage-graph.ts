import type { Document } from './document.ts'
import { type Evaluate, scopeOf } from './evaluation.ts'
import { setAt } from './field-edit.ts'
import { readFieldPath } from './field-path.ts'
import { type Path, someValue } from './path.ts'
import type { Holding } from './pipeline-memory.ts'
import {
  badStage,
  type PipelineRun,
  readCount,
  readFields,
  requireFields,
  type Stage,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { equalsAny } from './stage-join.ts'
import { ValueMap } from './value-map.ts'
import { sizeOf } from './value-size.ts'

/** The stage that follows references from document to document. */
export const GRAPH_STAGES: StageTable = { $graphLookup: readGraphLookup }

interface Graph {
  readonly from: string
  readonly startWith: Evaluate
  readonly connectFrom: Path
  readonly connectTo: Path
  readonly as: Path
  readonly maxDepth: number
  readonly depth: Path | undefined
  /** Of the condition that found documents must fulfil; those that don't lead nowhere. */
  readonly restriction: readonly Stage[]
}

function readGraphLookup(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  const required = ['from', 'startWith', 'connectFromField', 'connectToField', 'as']
  const optional = ['maxDepth', 'depthField', 'restrictSearchWithMatch']
  const fields = readFields(context, operand, [...required, ...optional])
  const missing = required.find(name => fields[name] === undefined)
  if (missing !== undefined) throw badStage(context, `needs ${missing}.`)
  const { from, maxDepth, depthField, restrictSearchWithMatch: restriction } = fields
  if (typeof from !== 'string' || from === '')
    throw badStage(context, 'needs the name of a collection as from.')
  const maxDepthContext = { ...context, name: '$graphLookup.maxDepth' }
  const graph: Graph = {
    from,
    startWith: context.compiler.compile(fields['startWith']),
    connectFrom: readFieldPath(fields['connectFromField'], 'connectFromField'),
    connectTo: readFieldPath(fields['connectToField'], 'connectToField'),
    as: readFieldPath(fields['as'], 'as'),
    maxDepth: maxDepth === undefined ? Infinity : readCount(maxDepthContext, maxDepth, 0),
    depth: depthField === undefined ? undefined : readFieldPath(depthField, 'depthField'),
    restriction:
      restriction === undefined
        ? []
        : context.parse([
            {
              $match: requireFields(
                { ...context, name: '$graphLookup.restrictSearchWithMatch' },
                restriction,
              ),
            },
          ]),
  }
  const { names, isAll } = context.compiler.use
  const [first = ''] = graph.as.segments
  return {
    use: { names: new Set([...names, first]), isAll },
    run: (documents, run) => joinReached(documents, run, graph),
  }
}

function* joinReached(documents: Iterable<Document>, run: PipelineRun, graph: Graph): Generator<Document> {
  const holding = run.memory.hold('$graphLookup')
  try {
    for (const document of documents) {
      const reached = reach(document, run, graph, holding)
      yield setAt(document, graph.as.segments, reached)
      // The document has gone on, and with it what was found for it.
      holding.release()
    }
  } finally {
    holding.release()
  }
}

/** Step by step, each value asked for once and each document found once: so circles end. */
function reach(document: Document, run: PipelineRun, graph: Graph, holding: Holding): Document[] {
  const found = new ValueMap<Document>()
  const asked = new ValueMap<true>()
  let values: unknown[] = []
  const ask = (value: unknown): void => {
    if (asked.has(value)) return
    asked.add(value, true)
    values.push(value)
  }
  const start = graph.startWith(scopeOf(document, run.variables))
  for (const value of Array.isArray(start) ? start : [start ?? null]) ask(value)
  for (let depth = 0; depth <= graph.maxDepth && values.length > 0; depth++) {
    const stages = [equalsAny(graph.connectTo, values), ...graph.restriction]
    values = []
    for (const one of run.read(graph.from, stages, run)) {
      const { _id: id } = one
      if (found.has(id)) continue
      holding.add(sizeOf(one))
      found.add(id, graph.depth === undefined ? one : setAt(one, graph.depth.segments, depth))
      someValue(one, graph.connectFrom.segments, true, value => {
        if (value !== undefined && !Array.isArray(value)) ask(value)
        return false
      })
    }
  }
  return found.entries().map(([, one]) => one)
}
