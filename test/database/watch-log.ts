import type { Database } from '../../src/database/database.ts'
import type { OpArgs } from '../../src/protocol/calls.ts'
import type { EncodedObject } from '../../src/protocol/value.ts'
import type { WatchUpdate } from '../../src/protocol/watching.ts'

type Listed = { id: string | number; version: string; document: EncodedObject }

/** A watch that keeps its list by the updates alone, and can be slow. */
export class WatchLog {
  readonly updates: WatchUpdate[] = []
  list: Listed[]
  readonly ended: Promise<unknown>
  readonly #controller = new AbortController()
  #waiters: (() => void)[] = []
  /** Set: the next update is taken, but the one after it only once `release` was called. */
  #gate: Promise<void> | undefined
  #open: () => void = () => {}

  constructor(database: Database, args: Parameters<Database['watch']>[0], list: readonly Listed[] = []) {
    this.list = [...list]
    this.ended = database.watch(args, update => this.#take(update), this.#controller.signal).catch(e => e)
  }

  get documents(): EncodedObject[] {
    return this.list.map(({ document }) => document)
  }

  get have(): OpArgs<'database.watch'>['have'] {
    return this.list.map(({ id, version }) => [id, version])
  }

  hold(): void {
    this.#gate = new Promise(resolve => {
      this.#open = resolve
    })
  }

  release(): void {
    this.#gate = undefined
    this.#open()
  }

  /** Resolves when so many updates came in all. */
  async reached(count: number): Promise<void> {
    while (this.updates.length < count) await new Promise<void>(resolve => this.#waiters.push(resolve))
  }

  /** Resolves once the list fulfils the condition. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>(resolve => this.#waiters.push(resolve))
  }

  close(): void {
    this.#controller.abort()
  }

  async #take(update: WatchUpdate): Promise<void> {
    this.updates.push(update)
    this.#apply(update)
    for (const waiter of this.#waiters.splice(0)) waiter()
    await this.#gate
  }

  #apply({ left, placed }: WatchUpdate): void {
    const known = new Map(this.list.map(item => [item.id, item]))
    const gone = new Set([...left, ...placed].map(({ id }) => id))
    if (left.some(({ id }) => !known.has(id))) throw new Error('left, but was not there')
    this.list = this.list.filter(({ id }) => !gone.has(id))
    for (const { index, id, version, document, isNew } of placed) {
      const before = known.get(id)
      if (isNew !== (before === undefined)) throw new Error('isNew is wrong')
      const content = document ?? (before?.version === version ? before.document : undefined)
      if (content === undefined) throw new Error('a document is missing')
      if (index > this.list.length) throw new Error('placed beyond the end')
      this.list.splice(index, 0, { id, version, document: content })
    }
  }
}
