import { randomInt } from 'node:crypto'
import type { Document } from './document.ts'
import { DocumentOrder, type OrderKeys } from './document-order.ts'
import { readFieldPath } from './field-path.ts'
import { Leading } from './leading.ts'
import type { SortKey } from './sort.ts'
import {
  badStage,
  fieldsOf,
  NO_FIELDS,
  type PipelineRun,
  readCount,
  readFields,
  requireFields,
  type StageTable,
} from './stage.ts'
import { matchReader } from './stage-match.ts'
import { sizeOf } from './value-size.ts'

/** Stages that choose or order documents and leave them as they are. */
export const ORDER_STAGES: StageTable = {
  $match: matchReader,
  $sort: (operand, context) => {
    const keys = Object.entries(requireFields(context, operand)).map(([path, direction]): SortKey => {
      readFieldPath(path, 'A path of $sort')
      if (direction === 1 || direction === -1) return [path, direction]
      throw badStage(context, `needs 1 or -1 for "${path}".`)
    })
    if (keys.length === 0 || keys.length > MAX_SORT_KEYS) {
      throw badStage(context, `needs 1 to ${MAX_SORT_KEYS} fields to sort by.`)
    }
    return {
      use: fieldsOf(keys.map(([path]) => path)),
      task: { kind: 'sort', keys },
      run: (documents, run, wanted) => sortDocuments(documents, run, keys, wanted),
    }
  },
  $skip: (operand, context) => {
    const count = readCount(context, operand, 0)
    return { use: NO_FIELDS, task: { kind: 'skip', count }, run: documents => skip(documents, count) }
  },
  $limit: (operand, context) => {
    const count = readCount(context, operand, 1)
    return { use: NO_FIELDS, task: { kind: 'limit', count }, run: documents => take(documents, count) }
  },
  $sample: (operand, context) => {
    const count = readCount(context, readFields(context, operand, ['size'])['size'], 1)
    return { use: NO_FIELDS, run: (documents, run) => sample(documents, run, count) }
  },
}

/** As many as a query's orderBy takes. */
const MAX_SORT_KEYS = 32

interface Entry {
  readonly keys: OrderKeys
  readonly document: Document
}

function* sortDocuments(
  documents: Iterable<Document>,
  { memory }: PipelineRun,
  keys: readonly SortKey[],
  most: number,
): Generator<Document> {
  const order = new DocumentOrder(keys)
  const holding = memory.hold('$sort')
  const leading = new Leading<Entry>(holding, most, (a, b) => order.compare(a.keys, b.keys))
  try {
    for (const document of documents) {
      leading.add({ keys: order.keysOf(document), document }, sizeOf(document) + KEY_BYTES * keys.length)
    }
    for (const { document } of leading.entries()) yield document
  } finally {
    holding.release()
  }
}

/** What is held beside a document for each of its sort keys. */
const KEY_BYTES = 64

function* skip(documents: Iterable<Document>, count: number): Generator<Document> {
  let seen = 0
  for (const document of documents) if (++seen > count) yield document
}

function* take(documents: Iterable<Document>, count: number): Generator<Document> {
  let seen = 0
  for (const document of documents) {
    yield document
    if (++seen === count) return
  }
}

/** Documents at random, each at most once, in random order. */
function* sample(documents: Iterable<Document>, { memory }: PipelineRun, count: number): Generator<Document> {
  const holding = memory.hold('$sample')
  const chosen: { readonly document: Document; readonly sizeBytes: number }[] = []
  let seen = 0
  try {
    for (const document of documents) {
      seen++
      // The nth document takes a place among the chosen with a chance of count in n.
      const place = chosen.length < count ? chosen.length : randomInt(seen)
      if (place >= count) continue
      const sizeBytes = sizeOf(document)
      holding.add(sizeBytes - (chosen[place]?.sizeBytes ?? 0))
      chosen[place] = { document, sizeBytes }
    }
    for (let left = chosen.length; left > 0; left--) {
      const place = randomInt(left)
      const [picked, last] = [chosen[place], chosen[left - 1]]
      if (picked === undefined || last === undefined) return
      chosen[place] = last
      yield picked.document
    }
  } finally {
    holding.release()
  }
}
