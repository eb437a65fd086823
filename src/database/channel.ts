import { Worker } from 'node:worker_threads'
import { COMMITTING, type EngineOptions, type FromWorker, IDLE, type ToWorker } from './messages.ts'

/** What the channel tells its owner. After `onEnd` it says nothing more. */
export interface ChannelEvents {
  onMessage(message: FromWorker): void
  /** The worker ended, asked or not. Its locks are released and what it had not committed is undone. */
  onEnd(end: ChannelEnd): void
}

export interface ChannelEnd {
  readonly cause: 'closed' | 'stuck' | 'crashed'
  /** What the worker did last: the index of a request in its batch, or IDLE or COMMITTING. */
  readonly progress: number
  readonly error: Error | undefined
}

/** The worker file beside this one, in whichever of the two forms this one runs. */
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/** JavaScript heap of the worker: several messages and a document at their limits. SQLite's memory is beside it. */
const WORKER_HEAP_MB = 1024

/** One worker thread, from its start to its end, and the watch that ends it when a request runs too long. */
export class Channel {
  readonly #worker: Worker
  readonly #progress: Int32Array
  readonly #limitMs: number
  readonly #watch: NodeJS.Timeout
  /** What the worker did when it was last seen to do something else, and since when. */
  #seenProgress = IDLE
  #seenPulse = 0
  #sinceMs = 0
  #cause: ChannelEnd['cause'] = 'crashed'
  #error: Error | undefined

  constructor(options: Omit<EngineOptions, 'progress'>, limitMs: number, events: ChannelEvents) {
    const progress = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
    this.#progress = new Int32Array(progress)
    this.#progress[0] = IDLE
    this.#limitMs = limitMs
    const workerData: EngineOptions = { ...options, progress }
    // The embedder's loaders and flags are not for this thread: it runs our own files only.
    this.#worker = new Worker(WORKER_URL, {
      workerData,
      execArgv: [],
      name: 'cloudlet-database',
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    })
    this.#worker.unref()
    this.#worker.on('message', message => events.onMessage(message))
    this.#worker.on('error', error => {
      this.#error = error instanceof Error ? error : new Error(String(error))
    })
    // One for the worker's whole life: a timer for each batch would cost more than a short one's work.
    this.#watch = setInterval(() => this.#look(), limitMs / 4)
    this.#watch.unref()
    this.#worker.on('exit', () => {
      clearInterval(this.#watch)
      events.onEnd({ cause: this.#cause, progress: Atomics.load(this.#progress, 0), error: this.#error })
    })
  }

  /** Sends a batch. Until `rest()` the worker keeps the process alive. Each request is timed. */
  send(requests: Extract<ToWorker, { kind: 'batch' }>['requests']): void {
    this.#worker.ref()
    this.#note()
    this.#post({ kind: 'batch', requests })
  }

  /** The batch was answered and no other follows at once. */
  rest(): void {
    this.#worker.unref()
  }

  /** Lets the worker finish what it was sent, close the file and end. */
  close(): void {
    this.#cause = 'closed'
    this.#worker.ref()
    this.#post({ kind: 'close' })
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** The time of what runs now begins. */
  #note(): void {
    this.#seenProgress = Atomics.load(this.#progress, 0)
    this.#seenPulse = Atomics.load(this.#progress, 1)
    this.#sinceMs = performance.now()
  }

  #look(): void {
    const progress = Atomics.load(this.#progress, 0)
    const pulse = Atomics.load(this.#progress, 1)
    const isSame = progress === this.#seenProgress && pulse === this.#seenPulse
    if (!isSame || progress === IDLE || progress === COMMITTING) this.#note()
    else if (performance.now() - this.#sinceMs > this.#limitMs) this.#stop()
  }

  #stop(): void {
    clearInterval(this.#watch)
    this.#cause = 'stuck'
    // `exit` follows, and is what the owner is told.
    this.#worker.terminate().catch(error => {
      this.#error = error
    })
  }
}
