import type { Cell } from './cell.ts'
import { LongRuns } from './long-runs.ts'
import { readMainThreadCpuMs } from './process-usage.ts'

/** How often busy cells are looked at, in milliseconds. */
const LOOK_EVERY_MS = 25
/** Looks from one question to the next, and where nothing runs. */
const PING_EVERY = 2
const PING_IDLE_EVERY = 40
/** A main thread that has said nothing for so long may be stuck, in milliseconds. */
const SILENT_MS = 50
/** It is, if it has used so much CPU time meanwhile: while it may be running a guest itself, and otherwise. */
const STUCK_IN_GUEST_MS = 150
const STUCK_MS = 1000
/** It is, however little CPU time it got. */
const LONGEST_SILENCE_MS = 10_000

interface Silence {
  readonly sinceMs: number
  readonly cpuMs: number | undefined
}

/**
 * Sees that cells answer and keep within their memory. A busy machine may keep a process from its CPU for seconds, so
 * what counts is what its main thread has used in its silence.
 */
export class Watch {
  readonly #cells: () => Iterable<Cell>
  readonly #maxRssBytes: number
  readonly #longRuns = new LongRuns()
  readonly #silences = new WeakMap<Cell, Silence>()
  #timer: NodeJS.Timeout | undefined
  #lookCount = 0

  constructor(cells: () => Iterable<Cell>, memoryMb: number) {
    this.#cells = cells
    this.#maxRssBytes = memoryMb * 1024 * 1024
  }

  /** Something has begun in one of them. */
  wake(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** It has been asked more than once, and has not answered. */
  isSilent(cell: Cell): boolean {
    return cell.isBusy && performance.now() - cell.heardMs > SILENT_MS + PING_EVERY * LOOK_EVERY_MS
  }

  checkMemory(cell: Cell): void {
    if (cell.rssBytes <= this.#maxRssBytes) return
    cell.giveUp(`used ${Math.round(cell.rssBytes / 1_048_576)} MB, more than cells.memoryMb`)
  }

  #look(): void {
    this.#lookCount++
    let isAnyBusy = false
    for (const cell of this.#cells()) {
      const { isBusy } = cell
      if (this.#lookCount % (isBusy ? PING_EVERY : PING_IDLE_EVERY) === 0) cell.post(['ping'])
      if (!isBusy) continue
      isAnyBusy = true
      this.#longRuns.look(cell)
      // What it has said by now is heard first: a host that was held up must not take it for silent.
      setImmediate(() => this.#checkSilence(cell))
    }
    if (isAnyBusy) return
    this.close()
    // What the last one to run has left behind is known by the answer.
    for (const cell of this.#cells()) cell.post(['ping'])
  }

  #checkSilence(cell: Cell): void {
    const nowMs = performance.now()
    const silence = this.#silences.get(cell)
    if (nowMs - cell.heardMs < SILENT_MS) return
    if (silence === undefined || silence.sinceMs !== cell.heardMs) {
      this.#silences.set(cell, { sinceMs: cell.heardMs, cpuMs: readMainThreadCpuMs(cell.pid) })
      return
    }
    const cpuMs = readMainThreadCpuMs(cell.pid)
    const usedMs = cpuMs === undefined || silence.cpuMs === undefined ? 0 : cpuMs - silence.cpuMs
    const limitMs = limitOf(cell)
    if (usedMs < limitMs && nowMs - cell.heardMs < LONGEST_SILENCE_MS) return
    cell.killHung(`did not answer for ${Math.round(nowMs - cell.heardMs)} ms`)
  }
}

/** What it may use of the CPU without a word, in milliseconds. */
function limitOf(cell: Cell): number {
  // It starts, however long that takes here.
  if (!cell.isReady) return Number.POSITIVE_INFINITY
  return cell.entered.some(isolate => isolate.isOnMainThread) ? STUCK_IN_GUEST_MS : STUCK_MS
}
