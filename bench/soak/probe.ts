import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { FunctionHost, HostStats } from 'cloudlet'
import type { Ledger } from './ledger.ts'
import type { Ending } from './part.ts'

/** The process and the host at one moment. */
export interface Sample {
  /** Since the start, in milliseconds. */
  readonly timeMs: number
  readonly rssMb: number
  /** Of the host's own heap, not the isolates'. */
  readonly heapUsedMb: number
  readonly externalMb: number
  /** Since the sample before. */
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
  /** What keeps the event loop: timers, sockets, workers, requests. */
  readonly activeResources: number
  /** Alive, idle ones included. */
  readonly isolates: number
  /** What the host takes them for: their heaps when last measured, and what each costs beside. */
  readonly isolatesMb: number
  readonly createdIsolates: number
  readonly runningInvocations: number
  readonly queuedInvocations: number
  readonly settledInvocations: number
  readonly health: string
  /** Invocations so far, by how they ended. */
  readonly endings: Readonly<Partial<Record<Ending, number>>>
}

/** What is left when nothing is under way and garbage has been collected. */
export type RestingSample = Pick<Sample, 'timeMs' | 'rssMb' | 'heapUsedMb' | 'isolates' | 'isolatesMb'>

const LOOP_RESOLUTION_MS = 10

/** Takes a sample at a time, and at each looks for invocations that are lost. */
export class Probe {
  readonly samples: Sample[] = []
  readonly rests: RestingSample[] = []
  readonly #host: FunctionHost
  readonly #ledger: Ledger
  readonly #onSample: (sample: Sample) => void
  readonly #delay: ELDHistogram
  readonly #startMs = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(host: FunctionHost, ledger: Ledger, everyMs: number, onSample: (sample: Sample) => void) {
    this.#host = host
    this.#ledger = ledger
    this.#onSample = onSample
    this.#delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
    this.#delay.enable()
    this.#timer = setInterval(() => this.#take(), everyMs)
  }

  /** With a last sample. */
  stop(): void {
    clearInterval(this.#timer)
    this.#take()
    this.#delay.disable()
  }

  takeResting(): void {
    this.rests.push(this.#measure(process.memoryUsage(), this.#host.stats()))
  }

  #measure({ rss, heapUsed }: NodeJS.MemoryUsage, { instances }: HostStats): RestingSample {
    return {
      timeMs: Math.round(performance.now() - this.#startMs),
      rssMb: toMb(rss),
      heapUsedMb: toMb(heapUsed),
      isolates: instances.idleCount + instances.busyCount,
      isolatesMb: toMb(instances.memoryBytes),
    }
  }

  #take(): void {
    this.#ledger.findLost()
    const memory = process.memoryUsage()
    const stats = this.#host.stats()
    const sample: Sample = {
      ...this.#measure(memory, stats),
      externalMb: toMb(memory.external),
      // The histogram counts the time between two looks, of which so much is the wait it asked for.
      loopDelayP99Ms: toDelayMs(this.#delay.percentile(99)),
      loopDelayMaxMs: toDelayMs(this.#delay.max),
      activeResources: process.getActiveResourcesInfo().length,
      createdIsolates: stats.instances.createdCount,
      runningInvocations: stats.runningCount,
      queuedInvocations: stats.queuedCount,
      settledInvocations: this.#ledger.settledCount,
      health: this.#host.health.status,
      endings: this.#ledger.byEnding(),
    }
    this.samples.push(sample)
    this.#onSample(sample)
    this.#delay.reset()
  }
}

function toMb(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10
}

function toDelayMs(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - LOOP_RESOLUTION_MS) * 10) / 10)
}
