import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RawEngine, type RawOp, type RawRequest } from './database-raw-engine.ts'

interface Waiting extends RawRequest {
  readonly resolve: (result: string) => void
}

/** The floor: raw SQLite in a thread of its own. What is asked in one turn, or while a batch runs, is the next batch. */
export class RawDatabase implements AsyncDisposable {
  readonly #worker: Worker
  #waiting: Waiting[] = []
  #inFlight: Waiting[] = []
  #isPlanned = false

  constructor(path: string) {
    this.#worker = new Worker(new URL('./database-raw-worker.ts', import.meta.url), { workerData: path })
    this.#worker.on('message', (results: readonly string[]) => {
      const batch = this.#inFlight
      this.#inFlight = []
      for (const [index, result] of results.entries()) batch[index]?.resolve(result)
      this.#flush()
    })
  }

  async ask(op: RawOp, args: unknown): Promise<{ readonly documents?: unknown }> {
    const text = JSON.stringify(args)
    const result = await new Promise<string>(resolve => {
      this.#waiting.push({ op, args: text, resolve })
      if (this.#isPlanned || this.#inFlight.length > 0) return
      this.#isPlanned = true
      queueMicrotask(() => {
        this.#isPlanned = false
        this.#flush()
      })
    })
    return JSON.parse(result)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage(undefined)
    await exited
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#inFlight.length > 0) return
    this.#inFlight = this.#waiting
    this.#waiting = []
    this.#worker.postMessage(this.#inFlight.map(({ op, args }) => ({ op, args })))
  }
}

/** The same in the caller's own thread: what the way to another costs. */
export class RawInThread implements Disposable {
  readonly #engine: RawEngine

  constructor(path: string) {
    this.#engine = new RawEngine(path)
  }

  async ask(op: RawOp, args: unknown): Promise<{ readonly documents?: unknown }> {
    const [result = ''] = this.#engine.runBatch([{ op, args: JSON.stringify(args) }])
    return JSON.parse(result)
  }

  [Symbol.dispose](): void {
    this.#engine.close()
  }
}
