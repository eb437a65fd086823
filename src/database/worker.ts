import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from './engine.ts'
import type { EngineOptions, FromWorker, ToWorker } from './messages.ts'

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
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'batch') {
      const [request] = message.requests
      if (request?.op === 'backup') {
        // Nothing else is asked meanwhile: the next batch is sent when this one is answered.
        void engine.runBackup(request).then(answer)
        return
      }
      answer(engine.runBatch(message.requests))
      const watched = engine.settleWatches()
      if (watched !== undefined) answer(watched)
    } else {
      engine.close()
      port.close()
    }
  })
}

main(workerData)
