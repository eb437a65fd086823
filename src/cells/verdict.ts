import type { PoolKey } from '../isolate/pool-key.ts'
import { type Blame, MAX_STRIKES } from './blame.ts'
import type { Cell } from './cell.ts'
import type { RemoteIsolate } from './remote-isolate.ts'

export interface Verdict {
  readonly toPart: (isolate: RemoteIsolate) => 'innocent' | 'culprit' | 'suspect'
  /** What an operator should know of it. */
  readonly warning: string | undefined
}

const NOBODY: ReadonlySet<PoolKey> = new Set()

/**
 * Whose doing it is that a process ended, and what that means for the record of its functions: charged if only one can
 * have done it, kept apart for a while if several can.
 */
export function judge(cell: Cell, why: string, blame: Blame): Verdict {
  const name = `Cell ${cell.pid ?? 0}`
  // Its main thread was a guest's; nothing of that was seen outside, and on a thread of its own it harms nobody.
  if (cell.isHung) {
    return {
      toPart: isolate => (isolate.isOnMainThread ? 'suspect' : 'innocent'),
      warning: `${name} ${why}.`,
    }
  }
  // No guest's code has run in it.
  if (!cell.isReady) return { toPart: () => 'innocent', warning: `${name} ${why}.` }
  const entered = cell.entered.filter(({ key }) => key !== undefined)
  const running = new Set(entered.map(({ key }) => key as PoolKey))
  const culprits = findCulprits(cell, running)
  if (culprits.size === 0 && cell.isCutShort)
    return { toPart: () => 'innocent', warning: cell.isOverfull ? `${name} ${why}.` : undefined }
  const strikes = [...culprits].map(key => tell(key, blame.charge(key)))
  if (culprits.size === 0) for (const key of running) blame.suspect(key)
  const names = [...running].map(key => `"${key.name}"`).join(', ')
  const by =
    strikes.length > 0
      ? `, by ${strikes.join(', ')}`
      : running.size > 0
        ? `; ${names} ${running.size === 1 ? 'was running and runs' : 'were running and run'} apart for a while`
        : ''
  return {
    toPart: isolate => findPart(isolate, cell, culprits, entered),
    warning: cell.isGoing && !cell.isOverfull && culprits.size === 0 ? undefined : `${name} ${why}${by}.`,
  }
}

function findCulprits(cell: Cell, running: ReadonlySet<PoolKey>): ReadonlySet<PoolKey> {
  if (cell.wedged.size > 0) return cell.wedged
  // Anybody's memory may be in one that is shared, and what was parsed there may have ended it as well.
  if (cell.isOverfull) return cell.owner === undefined ? NOBODY : new Set([cell.owner])
  return running.size === 1 && !cell.wasCompiling ? running : NOBODY
}

/** Of several invocations of one function it is not known which has done it. */
function findPart(
  isolate: RemoteIsolate,
  { isOverfull }: Cell,
  culprits: ReadonlySet<PoolKey>,
  entered: readonly RemoteIsolate[],
): 'innocent' | 'culprit' | 'suspect' {
  const { key } = isolate
  const isCulprit = key !== undefined && culprits.has(key)
  if (isCulprit && isOverfull) return 'culprit'
  if (!isolate.isEntered || (culprits.size > 0 && !isCulprit)) return 'innocent'
  return isCulprit && entered.filter(other => other.key === key).length === 1 ? 'culprit' : 'suspect'
}

function tell({ name }: PoolKey, strikeCount: number): string {
  return `function "${name}" (strike ${strikeCount} of ${MAX_STRIKES})`
}
