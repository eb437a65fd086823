import type { PoolKey } from '../isolate/pool-key.ts'
import type { RemoteIsolate } from './remote-isolate.ts'

/** What is known of a cell's end. */
export interface Ending {
  /** Isolates whose threads ran, as far as is known, those that were being ended included. */
  readonly entered: readonly RemoteIsolate[]
  /** Functions of threads that could not be ended. */
  readonly wedged: ReadonlySet<PoolKey>
  /** Its main thread did not answer. */
  readonly isHung: boolean
}

/** Who had what to do with it. */
export interface Verdict {
  /** To be charged with it. */
  readonly culprits: ReadonlySet<PoolKey>
  /** One of them it was. */
  readonly suspects: ReadonlySet<PoolKey>
  partOf(isolate: RemoteIsolate): 'innocent' | 'culprit' | 'suspect'
}

const NOBODY: ReadonlySet<PoolKey> = new Set()

/**
 * Entries on the main thread are made one after the other, so only the first of those under way was running. A main
 * thread that hangs was that guest's: on a thread of its own it harms nobody, so it is neither charged nor kept apart.
 */
export function judge({ entered, wedged, isHung }: Ending): Verdict {
  const [onMain] = entered.filter(isolate => isolate.isOnMainThread).sort((a, b) => a.enteredAt - b.enteredAt)
  if (isHung) {
    return {
      culprits: NOBODY,
      suspects: NOBODY,
      partOf: isolate => (isolate === onMain ? 'suspect' : 'innocent'),
    }
  }
  const running = new Set(
    entered.filter(isolate => isolate.key !== undefined && (isolate === onMain || !isolate.isOnMainThread)),
  )
  const keys = new Set([...running].map(({ key }) => key as PoolKey))
  const culprits = wedged.size > 0 ? wedged : running.size === 1 ? keys : NOBODY
  const suspects = culprits.size > 0 ? NOBODY : keys
  return {
    culprits,
    suspects,
    partOf: isolate => {
      if (isolate.key === undefined || !running.has(isolate)) return 'innocent'
      if (suspects.size > 0) return 'suspect'
      return culprits.has(isolate.key) ? 'culprit' : 'innocent'
    },
  }
}
