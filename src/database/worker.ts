import { parentPort, workerData } from 'node:worker_threads'
import { LIMITS } from '../limits.ts'
import { Engine } from './engine.ts'
import type { EngineOptions, EngineRequest, FromWorker, ToWorker } from './messages.ts'

/** Entry of the database's thread: opens the engine, runs batches as they come, ends when told to. */
function main(options: EngineOptions): void {
  const port = parentPort
  if (port === null) throw new Error('worker.ts runs as a worker thread only.')
  const answer = (message: FromWorker): void => port.postMessage(message)
  let engine: Engine
  try {
    engine = new Engine(options)
  } catch (error) {
    answer({ kind: 'unopened', message: error instanceof Error ? error.message : String(error) })
    port.close()
    return
  }
  const run = (requests: readonly EngineRequest[]): void => {
    answer(engine.runBatch(requests))
    const watched = engine.settleWatches()
    if (watched !== undefined) answer(watched)
    lookLater(0)
  }
  let isLookPlanned = false
  /** So that to look takes a twentieth of the thread's time at most. */
  const lookLater = (tookMs: number): void => {
    if (isLookPlanned || !engine.watchesTime) return
    isLookPlanned = true
    setTimeout(look, Math.max(LIMITS.watchTimeMs, tookMs * 20)).unref()
  }
  const look = (): void => {
    isLookPlanned = false
    const startMs = performance.now()
    // While a backup is copying nothing may be read; there is another time.
    const watched = engine.isCopying ? undefined : engine.settleWatches(true)
    if (watched !== undefined) answer(watched)
    lookLater(performance.now() - startMs)
  }
  /** The batch that came while a backup was copying; no other is sent before it is answered. */
  let waiting: readonly EngineRequest[] | undefined
  const runWaiting = (): void => {
    const requests = waiting
    waiting = undefined
    if (requests !== undefined) run(requests)
  }
  let backups = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      engine.close()
      port.close()
      return
    }
    const { requests } = message
    const [request] = requests
    if (request?.op === 'backup') {
      backups = backups.then(async () =>
        answer({ kind: 'ended', outcome: await engine.runBackup(request, runWaiting) }),
      )
      answer(BEGUN)
    } else if (engine.isCopying) waiting = requests
    else run(requests)
  })
}

const BEGUN: FromWorker = {
  kind: 'outcomes',
  outcomes: [{ kind: 'begun' }],
  isCommit: false,
  hasReleased: false,
  missingCollections: [],
  warnings: [],
}

main(workerData)
