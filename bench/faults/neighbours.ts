import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloudletError, type FunctionHost } from 'cloudlet'
import type { NeighbourCall } from './disturbance.ts'

export const NEIGHBOUR_COUNT = 20
/** Each neighbour is asked once in this time, whether it has answered or not. */
export const EVERY_MS = 25
/** One call in so many reads a document, or stores a file and reads it. */
const READ_EVERY = 8
const STORE_EVERY = 32

const SOURCE = readFileSync(new URL('neighbour.js', import.meta.url), 'utf8')
const CONFIG = { timeout: 10, memorySize: 32, concurrency: 4 }

interface Answer {
  readonly name: string
  readonly twice: number
  readonly stored: string
  readonly instance: string
  readonly count: number
}

interface OpenCall {
  readonly neighbour: number
  readonly dueMs: number
}

/** Well-behaved functions under a steady load, and an account of each call. */
export class Neighbours {
  readonly #host: FunctionHost
  readonly #open = new Set<OpenCall>()
  /** Calls that each instance has had, by what it answered. */
  readonly #counts = new Map<string, number>()
  #calls: NeighbourCall[] = []
  #lanes: Promise<void>[] = []
  #isStopped = false

  constructor(host: FunctionHost) {
    this.#host = host
  }

  async deploy(): Promise<void> {
    const { database } = this.#host
    await database.createCollection('neighbours')
    for (let neighbour = 0; neighbour < NEIGHBOUR_COUNT; neighbour++) {
      const name = nameOf(neighbour)
      await database.collection('neighbours').add({ data: { _id: name, owner: name } })
      const files = { 'index.js': SOURCE, 'name.json': JSON.stringify({ name }) }
      await this.#host.deploy(name, { files, config: CONFIG })
    }
  }

  start(): void {
    this.#lanes = Array.from({ length: NEIGHBOUR_COUNT }, (_, neighbour) => this.#runLane(neighbour))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#lanes)
  }

  /** Calls that are answered by now; what is open stays. */
  take(): NeighbourCall[] {
    const calls = this.#calls
    this.#calls = []
    return calls
  }

  /** Calls that were due before a moment and have no answer yet, as calls that never had one. */
  unanswered(beforeMs: number): NeighbourCall[] {
    return [...this.#open]
      .filter(({ dueMs }) => dueMs < beforeMs)
      .map(({ neighbour, dueMs }) => ({
        neighbour,
        dueMs,
        endMs: Number.POSITIVE_INFINITY,
        code: 'no answer',
      }))
  }

  /** What was answered so far, without taking it. */
  get calls(): readonly NeighbourCall[] {
    return this.#calls
  }

  /** Asks at fixed times. Turns that a blocked event loop has missed are one call, due when the first of them was. */
  async #runLane(neighbour: number): Promise<void> {
    let dueMs = performance.now() + (neighbour * EVERY_MS) / NEIGHBOUR_COUNT
    for (let n = neighbour; !this.#isStopped; n++) {
      await sleep(Math.max(0, dueMs - performance.now()))
      this.#ask({ neighbour, dueMs }, n)
      dueMs = Math.max(dueMs + EVERY_MS, performance.now())
    }
  }

  #ask(call: OpenCall, n: number): void {
    const name = nameOf(call.neighbour)
    const does = n % STORE_EVERY === 0 ? 'store' : n % READ_EVERY === 0 ? 'read' : 'nothing'
    const end = (code: string | undefined): void => {
      this.#open.delete(call)
      this.#calls.push({ ...call, endMs: performance.now(), ...(code === undefined ? undefined : { code }) })
    }
    this.#open.add(call)
    this.#host.invoke(name, { n, does }).then(
      ({ result }) => end(this.#isRight(result as Answer, name, n) ? undefined : 'wrong answer'),
      error => end(error instanceof CloudletError ? error.code : String(error)),
    )
  }

  #isRight({ name, twice, stored, instance, count }: Answer, expected: string, n: number): boolean {
    const before = this.#counts.get(instance) ?? 0
    this.#counts.set(instance, count)
    const isOwn = name === expected && stored === expected && instance.startsWith(`${expected} `)
    return isOwn && twice === n * 2 && count > before
  }
}

function nameOf(neighbour: number): string {
  return `neighbour-${neighbour}`
}
