import { type CloudletError, DatabaseError, HostClosedError, OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { OpArgs } from '../protocol/calls.ts'
import type { WatchUpdate } from '../protocol/watching.ts'
import type { Courier } from './courier.ts'
import type { DocumentId } from './document.ts'
import type { ByClient, WatchArgs, WatchMessage } from './messages.ts'
import type { Requester } from './request-queue.ts'

/** Takes an update in, and resolves when it is ready for the next. What it rejects with ends the watch. */
export type TakeUpdate = (update: WatchUpdate) => Promise<void>

type Held = [id: DocumentId, version: string]

/** One watch of this side: what its listener has been given, so that another worker can take over. */
interface Watch {
  readonly args: ByClient<OpArgs<'database.watch'>>
  readonly take: TakeUpdate
  readonly end: (error: CloudletError) => void
  /** In order, with versions; undefined before the first update. */
  held: Held[] | undefined
  isTaking: boolean
  /** Updates to come: one, or one more for each worker that was lost while the listener was not ready. */
  readonly waiting: WatchUpdate[]
  /** What the worker of now knows it by. */
  watchId: number
}

/** The open watches of a database, on the side of those who ask. They outlive the worker that serves them. */
export class Watches {
  readonly #courier: Pick<Courier, 'call'>
  readonly #watches = new Map<number, Watch>()
  #lastId = 0
  #lossCount = 0
  #isClosed = false

  constructor(courier: Pick<Courier, 'call'>) {
    this.#courier = courier
  }

  /**
   * Gives updates to `take`, one at a time, until the signal aborts; then it resolves.
   *
   * @throws {DatabaseError} as a query does, and when the result outgrows the limits of a watch or is no longer the
   *   client's to read; {OverloadedError} when too many are open; {HostClosedError} when the database closes.
   */
  async run(args: Watch['args'], take: TakeUpdate, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed) throw new HostClosedError('The database is closed.')
    if (signal?.aborted) return
    if (this.#watches.size >= LIMITS.watches) {
      throw new OverloadedError(
        `${LIMITS.watches} watches are open, the most there may be. Close some first.`,
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const watch: Watch = {
      args,
      take,
      end: reject,
      held: args.have === undefined ? undefined : args.have.map(([id, version]) => [id, version]),
      isTaking: false,
      waiting: [],
      watchId: 0,
    }
    const stop = (): void => resolve()
    signal?.addEventListener('abort', stop, { once: true })
    this.#open(watch)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#watches.delete(watch.watchId)
      this.#tell('unwatch', watch.watchId, watch)
    }
  }

  /** Hears what the worker tells of watches. `isBehind`: it has more, and waits to be asked. */
  receive(messages: readonly WatchMessage[], isBehind: boolean): void {
    this.#lossCount = 0
    for (const message of messages) {
      const watch = this.#watches.get(message.watchId)
      if (watch === undefined) {
        this.#tell('unwatch', message.watchId)
      } else if ('failure' in message) {
        watch.end(new DatabaseError(message.failure.reason, message.failure.message))
      } else {
        const update: WatchUpdate = JSON.parse(message.update)
        watch.held = applyUpdate(watch.held ?? [], update)
        watch.waiting.push(update)
        this.#deliver(watch)
      }
    }
    // Any request makes the worker go on; this one is of no watch.
    if (isBehind) this.#tell('acknowledge', 0)
  }

  /** The worker is gone: asks the next one for all that is open, by the difference to what each listener has. */
  reopen(): void {
    if (this.#isClosed) return
    const watches = [...this.#watches.values()]
    if (++this.#lossCount > MAX_LOSSES) {
      const message = `The database worker ended ${this.#lossCount} times while it took on the open watches.`
      for (const watch of watches) watch.end(new DatabaseError('DATABASE_REQUEST_FAILED', message))
      return
    }
    this.#watches.clear()
    for (const watch of watches) this.#open(watch)
  }

  /** Ends all with HostClosedError, and takes no more. */
  close(): void {
    this.#isClosed = true
    for (const watch of this.#watches.values()) watch.end(new HostClosedError('The database is closed.'))
  }

  #open(watch: Watch): void {
    watch.watchId = ++this.#lastId
    this.#watches.set(watch.watchId, watch)
    const { have, ...args } = watch.args
    const request: WatchArgs = {
      ...args,
      watchId: watch.watchId,
      ...(watch.held === undefined ? {} : { have: watch.held }),
    }
    this.#courier.call('watch', request, turnOf(watch)).catch(error => watch.end(error))
  }

  #deliver(watch: Watch): void {
    const update = watch.isTaking ? undefined : watch.waiting.shift()
    if (update === undefined) return
    watch.isTaking = true
    const { watchId } = watch
    watch.take(update).then(
      () => {
        watch.isTaking = false
        this.#tell('acknowledge', watchId, watch)
        this.#deliver(watch)
      },
      error => watch.end(error),
    )
  }

  /** What fails to reach the worker ends the watch, if it is still open: it would hear nothing any more. */
  #tell(op: 'acknowledge' | 'unwatch', watchId: number, watch?: Watch): void {
    const by = watch && turnOf(watch)
    this.#courier.call(op, { watchId }, by).catch(error => this.#watches.get(watchId)?.end(error))
  }
}

/** Each watch has turns of its own: what is told of it must not overtake the request that opens it. */
function turnOf(watch: Watch): Requester {
  return { asker: watch, signal: undefined }
}

/** The list after an update, as watching.ts tells. */
function applyUpdate(held: readonly Held[], { left, placed }: WatchUpdate): Held[] {
  const moved = new Set([...left, ...placed].map(({ id }) => id))
  const list = held.filter(([id]) => !moved.has(id))
  for (const { index, id, version } of placed) list.splice(index, 0, [id, version])
  return list
}

/** Workers that may be lost in a row with nothing told of any watch: one of them is what they die of. */
const MAX_LOSSES = 3
