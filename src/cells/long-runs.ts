import type { Cell } from './cell.ts'
import { isNamelessThread, readThreadsWantedMs } from './process-usage.ts'

/** A thread that wanted the CPU for so much of the time between two looks wants it all. */
const ALL_OF_IT = 0.8

interface Look {
  readonly timeMs: number
  /** The numbers of entries that were under way on threads of their own. */
  readonly entries: ReadonlySet<number>
  /** For how long each thread has wanted the CPU; nothing as long as no entry was seen twice. */
  readonly wantedMs: ReadonlyMap<number, number> | undefined
}

/**
 * Has threads of guests that run for long let others go first. The main threads of cells and the host have little to do
 * for each call, for which many wait: what they get no CPU for, all functions are late with. It is for good, since only
 * privileged processes may raise a priority again; such a thread serves others after, with as much of the CPU as those.
 */
export class LongRuns {
  readonly #looks = new WeakMap<Cell, Look>()

  look(cell: Cell): void {
    const entered = cell.entered.filter(isolate => !isolate.isOnMainThread)
    if (entered.length === 0) return
    const before = this.#looks.get(cell)
    const isLong = before !== undefined && entered.some(({ enteredAt }) => before.entries.has(enteredAt))
    const look = {
      timeMs: performance.now(),
      entries: new Set(entered.map(({ enteredAt }) => enteredAt)),
      wantedMs: isLong ? readThreadsWantedMs(cell.pid) : undefined,
    }
    this.#looks.set(cell, look)
    if (before?.wantedMs === undefined || look.wantedMs === undefined) return
    const allMs = (look.timeMs - before.timeMs) * ALL_OF_IT
    for (const [thread, wantedMs] of look.wantedMs) {
      const isBusy = wantedMs - (before.wantedMs.get(thread) ?? wantedMs) > allMs
      // V8's helpers have names, and must not be waited for by those who go first.
      if (isBusy && isNamelessThread(cell.pid, thread)) cell.process.letOthersPass(thread)
    }
  }
}
