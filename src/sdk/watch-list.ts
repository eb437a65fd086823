import { ProtocolError } from '../errors.ts'
import type { EncodedObject } from '../protocol/value.ts'
import type { PlacedDocument, WatchUpdate } from '../protocol/watching.ts'
import { decodeDocument } from './document-data.ts'
import { diffFields } from './document-diff.ts'

/** A decoded document. Its fields are the application's own, so of any type here, as in the platform's own types. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type WatchedDocument = Record<string, any>

export type QueueType = 'init' | 'update' | 'enqueue' | 'dequeue'

/** What happened to one document of a watch (wxcloud-spec §3.9). */
export interface DocumentChange {
  /** Counts the changes of a watch; those of its first snapshot are 0. */
  readonly id: number
  readonly queueType: QueueType
  readonly dataType: 'init' | 'update' | 'replace' | 'add' | 'remove' | 'limit'
  /** A number where the document's `_id` is one, which the platform's own types leave out. */
  // biome-ignore lint/suspicious/noExplicitAny: `string | number` would not fit a listener typed by the platform.
  readonly docId: any
  /** As it is now; of a document that left, as it was last. */
  readonly doc: WatchedDocument
  /** With `update`: by dotted path, what it has now. */
  readonly updatedFields?: WatchedDocument
  /** With `update`: the dotted paths that are gone. */
  readonly removedFields?: string[]
}

interface Listed {
  readonly id: string | number
  readonly version: string
  readonly encoded: EncodedObject
  /** Handed out again and again, as the platform does. */
  readonly document: WatchedDocument
}

/** The documents of a watch, kept by its updates. */
export class WatchList {
  #items: Listed[] = []
  #changeCount = 0
  #isFilled = false

  /** Whether a first update was taken in. */
  get isFilled(): boolean {
    return this.#isFilled
  }

  /** Number of the last change. */
  get changeCount(): number {
    return this.#changeCount
  }

  get documents(): WatchedDocument[] {
    return this.#items.map(({ document }) => document)
  }

  /** What a host must know to send the difference: ids in order, with versions. */
  get have(): [id: string | number, version: string][] {
    return this.#items.map(({ id, version }) => [id, version])
  }

  /** @throws {ProtocolError} for an update that doesn't fit the list. */
  apply(update: WatchUpdate): DocumentChange[] {
    const { isInit, left, placed } = update
    const known = new Map(this.#items.map(item => [item.id, item]))
    const changes: DocumentChange[] = []
    for (const { id, dataType } of left) {
      const before = known.get(id)
      if (before === undefined) throw new ProtocolError('A document left a watch that did not have it.')
      changes.push(this.#change('dequeue', dataType, before))
    }
    const taken = new Set([...left, ...placed].map(({ id }) => id))
    const items = this.#items.filter(({ id }) => !taken.has(id))
    for (const place of placed) {
      const before = known.get(place.id)
      const item = listed(place, before)
      if (place.index > items.length)
        throw new ProtocolError('A document was placed beyond the end of a watch.')
      items.splice(place.index, 0, item)
      const queueType = isInit ? 'init' : before === undefined ? 'enqueue' : 'update'
      changes.push(this.#change(queueType, place.dataType, item, before))
    }
    this.#items = items
    this.#isFilled = true
    return changes
  }

  #change(
    queueType: QueueType,
    dataType: DocumentChange['dataType'],
    { id: docId, document: doc, encoded }: Listed,
    before?: Listed,
  ): DocumentChange {
    const id = queueType === 'init' ? 0 : ++this.#changeCount
    const change = { id, queueType, dataType, docId, doc }
    return queueType === 'update' && dataType === 'update' && before !== undefined
      ? { ...change, ...diffFields(before.encoded, encoded) }
      : change
  }
}

function listed({ id, version, document }: PlacedDocument, before: Listed | undefined): Listed {
  if (document !== undefined) return { id, version, encoded: document, document: decodeDocument(document) }
  if (before !== undefined) return before
  throw new ProtocolError('A watch was sent no content of a document it does not have.')
}
