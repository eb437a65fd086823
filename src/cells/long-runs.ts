import type { Cell } from './cell.ts'
import { isNamelessThread, readThreadsWantedMs } from './process-usage.ts'

/** A thread that wanted the CPU for so much of the time between two looks wants it all. */
const ALL_OF_IT = 0.8

/** Those whose threads were looked at are looked at again after so long, in milliseconds. */
const AGAIN_MS = 500

interface Look {
  readonly timeMs: number
  /** The numbers of entries that were under way on threads of their own. */
  readonly entries: ReadonlySet<number>
  /** For how long each thread has wanted the CPU, if an entry was seen twice. */
  readonly wantedMs: ReadonlyMap<number, number> | undefined
}

/**
 * Has threads of guests that run for long let others go first. The main threads of cells and the host have little to do
 * for each call, for which many wait: what they get no CPU for, all functions are late with. It is for good, since only
 * privileged processes may raise a priority again; such a thread serves others after, with as much of the CPU as those.
 */
export class LongRuns {
  readonly #looks = new WeakMap<Cell, Look>()
  /** Entries whose threads have been looked at, and when. */
  readonly #known = new WeakMap<Cell, Look>()

  look(cell: Cell): void {
    const onOwnThreads = cell.entered.filter(({ isOnMainThread }) => !isOnMainThread)
    const entries = new Set(onOwnThreads.map(({ enteredAt }) => enteredAt))
    if (entries.size === 0) return
    const before = this.#looks.get(cell)
    const timeMs = performance.now()
    const isLong = this.#findLong(cell, entries, before, timeMs)
    const wantedMs = isLong ? readThreadsWantedMs(cell.pid) : undefined
    this.#looks.set(cell, { timeMs, entries, wantedMs })
    if (before?.wantedMs === undefined || wantedMs === undefined) return
    this.#known.set(cell, before)
    const allMs = (timeMs - before.timeMs) * ALL_OF_IT
    const busy = [...wantedMs]
      .map(([thread, nowMs]) => ({ thread, sinceMs: nowMs - (before.wantedMs?.get(thread) ?? nowMs) }))
      // V8's helpers have names, and must not be waited for by those who go first.
      .filter(({ thread, sinceMs }) => sinceMs > allMs && isNamelessThread(cell.pid, thread))
      .sort((one, other) => other.sinceMs - one.sinceMs)
    // A thread that makes an isolate, or ends one, wants all of it too where there is more to do than the machine can.
    const runCount = [...entries].filter(entry => before.entries.has(entry)).length
    for (const { thread } of busy.slice(0, runCount)) cell.process.letOthersPass(thread)
  }

  /** Whether an entry was under way when it was looked last, and its thread has not been looked at lately. */
  #findLong(cell: Cell, entries: ReadonlySet<number>, before: Look | undefined, nowMs: number): boolean {
    const known = this.#known.get(cell)
    const isNews = known === undefined || nowMs - known.timeMs > AGAIN_MS
    for (const entry of entries)
      if (before?.entries.has(entry) && (isNews || !known.entries.has(entry))) return true
    return false
  }
}
