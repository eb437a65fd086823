import type { PoolKey } from '../isolate/pool-key.ts'
import { MAX_STRIKES } from './blame.ts'
import type { RemoteIsolate } from './remote-isolate.ts'

/** What is known of a cell's end. */
export interface Ending {
  /** Guests may have run in it. */
  readonly isReady: boolean
  /** The one function it was for, if it wasn't for all. */
  readonly owner: PoolKey | undefined
  /** Isolates whose threads ran, as far as is known, those that were being ended included. */
  readonly entered: readonly RemoteIsolate[]
  /** Isolates with an invocation under way whose threads did not run. */
  readonly waiting: readonly RemoteIsolate[]
  /** Functions of threads that could not be ended. */
  readonly wedged: ReadonlySet<PoolKey>
  /** It was ended because its main thread did not answer, or because it used too much memory. */
  readonly isHung: boolean
  readonly isOverfull: boolean
  /** It was ended from outside. */
  readonly isForeign: boolean
  /** It was to go anyhow, and its time to drain was over. */
  readonly isCutShort: boolean
  /** What it had of memory when that was last told, in bytes. */
  readonly rssBytes: number
  /** It ended while it parsed a function. */
  readonly wasCompiling: boolean
}

/** Who had what to do with it. */
export interface Verdict {
  /** To be charged with it. */
  readonly culprits: ReadonlySet<PoolKey>
  /** One of them it may have been: they are kept apart for a while. */
  readonly suspects: ReadonlySet<PoolKey>
  partOf(isolate: RemoteIsolate): 'innocent' | 'culprit' | 'suspect'
}

const NOBODY: ReadonlySet<PoolKey> = new Set()
const NOBODYS: Verdict = { culprits: NOBODY, suspects: NOBODY, partOf: () => 'innocent' }

/** Whoever began when the process had all of its memory but this part has not filled it. */
const SMALL_PART = 0.25

/**
 * Whose doing it is that a process ended: one function's if only one can have done it, else it may be several's.
 * `excuse`: whether it is believed of a function that it was running only by chance.
 */
export function judge(ending: Ending, excuse: (key: PoolKey) => boolean = () => false): Verdict {
  const { entered, waiting, isHung, isReady, isOverfull, isCutShort, wedged } = ending
  // Entries on the main thread are made one after the other: only the first of those under way was running.
  const [onMain] = entered.filter(isolate => isolate.isOnMainThread).sort((a, b) => a.enteredAt - b.enteredAt)
  if (!isReady) return NOBODYS
  if (isHung && wedged.size === 0) {
    // Nothing of that guest was seen outside, and on a thread of its own it harms nobody.
    const partOf: Verdict['partOf'] = isolate => (isolate === onMain ? 'suspect' : 'innocent')
    return { culprits: NOBODY, suspects: NOBODY, partOf }
  }
  const ran = entered.filter(
    isolate => isolate.key !== undefined && (isolate === onMain || !isolate.isOnMainThread),
  )
  // Memory is held by those who wait, too.
  const running =
    isOverfull && ran.length === 0 ? waiting : isOverfull ? withoutNewcomers(ran, ending, excuse) : ran
  const keys = new Set(running.map(({ key }) => key as PoolKey))
  const culprits = findCulprits(ending, keys)
  if (culprits.size === 0 && isCutShort) return NOBODYS
  return {
    culprits,
    suspects: culprits.size > 0 ? NOBODY : keys,
    partOf: isolate => {
      const { key } = isolate
      const isCulprit = key !== undefined && culprits.has(key)
      if (isCulprit && isOverfull) return 'culprit'
      if (!running.includes(isolate) || (culprits.size > 0 && !isCulprit)) return 'innocent'
      // Of several invocations of one function it is not known which has done it.
      return isCulprit && running.filter(other => other.key === key).length === 1 ? 'culprit' : 'suspect'
    },
  }
}

/** Who began when most of the memory was in use has not filled it; but for the first of those who ran. */
function withoutNewcomers(
  ran: readonly RemoteIsolate[],
  { rssBytes, owner }: Ending,
  excuse: (key: PoolKey) => boolean,
): readonly RemoteIsolate[] {
  if (owner !== undefined) return ran
  const leastBytes = Math.min(...ran.map(({ homeBytes }) => homeBytes))
  const isNewcomer = ({ homeBytes }: RemoteIsolate): boolean =>
    homeBytes > leastBytes && rssBytes - homeBytes < rssBytes * SMALL_PART
  return ran.filter(isolate => !isNewcomer(isolate) || !excuse(isolate.key as PoolKey))
}

function findCulprits(ending: Ending, running: ReadonlySet<PoolKey>): ReadonlySet<PoolKey> {
  const { wedged, isOverfull, isForeign, isCutShort, owner, wasCompiling } = ending
  if (wedged.size > 0) return wedged
  // Anybody's memory may be in one that is shared, and what was parsed there may have ended it as well.
  if (isOverfull || isForeign) return owner === undefined ? NOBODY : new Set([owner])
  return running.size === 1 && !wasCompiling && !isCutShort ? running : NOBODY
}

/** For a log, behind what became of the cell. */
export function describeVerdict(
  { suspects }: Verdict,
  strikes: readonly { name: string; count: number }[],
): string {
  const charged = strikes.map(({ name, count }) => `function "${name}" (strike ${count} of ${MAX_STRIKES})`)
  if (charged.length > 0) return `, by ${charged.join(', ')}`
  if (suspects.size === 0) return ''
  const names = [...suspects].map(({ name }) => `"${name}"`).join(', ')
  return `; ${names} ${suspects.size === 1 ? 'was running and runs' : 'were running and run'} apart for a while`
}
