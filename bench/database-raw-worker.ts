import { parentPort, workerData } from 'node:worker_threads'
import { RawEngine, type RawRequest } from './database-raw-engine.ts'

/** Entry of the floor's thread: runs batches as they come. */
const port = parentPort
if (port === null) throw new Error('This file runs as a worker thread only.')
const engine = new RawEngine(String(workerData))
port.on('message', (requests: readonly RawRequest[] | undefined) => {
  if (requests === undefined) {
    engine.close()
    port.close()
  } else {
    port.postMessage(engine.runBatch(requests))
  }
})
