import { Worker } from 'node:worker_threads'
import { MEMORY_MB } from '../functions.ts'
import { Calls } from './calls.ts'
import type { LoadedFunction, Peer } from './peer.ts'
import { SourceTable } from './source-table.ts'

const GUEST = new URL('./worker-guest.cjs', import.meta.url)

export const workerThreads: Peer = {
  name: 'worker_threads',
  place: 'a thread each',
  densityCount: 20,
  start: async () => {
    const sources = new SourceTable()
    return {
      deploy: async (name, source) => sources.set(name, source),
      load: async name => loadWorker(sources.get(name)),
      close: async () => {},
    }
  },
}

function loadWorker(source: string): LoadedFunction {
  const worker = new Worker(GUEST, {
    workerData: { source },
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  const calls = new Calls(message => worker.postMessage(message))
  worker.on('message', answer => calls.receive(answer))
  worker.on('error', error => calls.fail(error instanceof Error ? error : new Error(String(error))))
  return {
    call: event => calls.call(event),
    unload: async () => {
      await worker.terminate()
    },
  }
}
