import type { PoolKey } from '../isolate/pool-key.ts'

/** Who has cells, and hears of them. */
export interface CellOwner<Cell> {
  /** It has something to do. */
  onBusy(): void
  /** It has done something, and may have nothing to do. */
  onIdle(cell: Cell): void
  /** A thread has ended whose isolate was ended before. */
  onThreadEnded(): void
  onReady(cell: Cell): void
  /** It has told what it uses. */
  onBeat(cell: Cell): void
  /** It takes no more work, and ends soon. */
  onCondemned(cell: Cell): void
  /** The process is gone; its isolates are not told yet. */
  onEnded(cell: Cell, why: string): void
  /** Whether that function's isolates belong elsewhere by now. */
  isMisplaced(key: PoolKey, cell: Cell): boolean
}
