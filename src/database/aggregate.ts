import { LIMITS } from '../limits.ts'
import type { EncodedObject } from '../protocol/value.ts'
import { fillOpenid } from './client-request.ts'
import { CollectionReader } from './collection-reader.ts'
import { encodeText } from './document.ts'
import { runBounded } from './guard.ts'
import type { EngineOps } from './messages.ts'
import { parsePipeline } from './pipeline.ts'
import { PipelineMemory } from './pipeline-memory.ts'
import { checkResultSize, type Store } from './store.ts'

/** Runs a pipeline; the result as JSON text. Stops after `most` documents and says whether there were more. */
export function aggregate(
  store: Store,
  { collection, pipeline, most = Infinity, client }: EngineOps['aggregate']['args'],
): string {
  const nowMs = Date.now()
  const stages = parsePipeline(client === undefined ? pipeline : fillOpenid(pipeline, client), nowMs)
  const { read, geoField } = new CollectionReader(store, nowMs, client)
  const run = { memory: new PipelineMemory(), variables: undefined, collection, read, geoField }
  return runBounded(aggregateLimitMs(pipeline), () => {
    const texts: string[] = []
    let sizeChars = 0
    let isTruncated = false
    for (const document of read(collection, stages, run)) {
      if (texts.length >= most) {
        isTruncated = true
        break
      }
      const text = encodeText(document)
      sizeChars += text.length
      checkResultSize(sizeChars)
      texts.push(text)
    }
    return `{"documents":[${texts.join(',')}],"isTruncated":${isTruncated}}`
  })
}

/** Regular expressions can take time out of all proportion. */
export function aggregateLimitMs(pipeline: readonly EncodedObject[]): number {
  const hasPatterns = JSON.stringify(pipeline).includes('"$reg')
  return hasPatterns ? LIMITS.databasePatternMs : LIMITS.databaseAggregateMs
}
