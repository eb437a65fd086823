import type { Document } from '../../src/database/document.ts'
import { parsePipeline } from '../../src/database/pipeline.ts'
import { PipelineMemory } from '../../src/database/pipeline-memory.ts'
import { type PipelineRun, runStages } from '../../src/database/stage.ts'
import { decodeValue, type Encoded, type EncodedObject, encodeValue } from '../../src/protocol/value.ts'

export type Documents = readonly EncodedObject[]

/** What a pipeline gives with every stage in memory. */
export function inMemory(documents: Documents, pipeline: Encoded): unknown {
  const decoded = numbered(documents).map(document => decodeValue(document) as Document)
  const runOf: PipelineRun = {
    memory: new PipelineMemory(),
    variables: undefined,
    collection: '@self',
    read: (_collection, stages, run) => runStages(decoded, stages, run),
    geoField: () => undefined,
  }
  try {
    return Array.from(runStages(decoded, parsePipeline(pipeline, 0), runOf), document =>
      encodeValue(document),
    )
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

export function numbered(documents: Documents): EncodedObject[] {
  return documents.map((document, _id) => ({ _id, ...document }))
}
