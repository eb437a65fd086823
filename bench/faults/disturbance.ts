/** One call of a neighbour, in milliseconds of one clock. */
export interface NeighbourCall {
  readonly neighbour: number
  /** When it was to be made: time for which the host's event loop kept it waiting is part of it. */
  readonly dueMs: number
  /** Infinity: never. */
  readonly endMs: number
  /** Of its error; `wrong answer`, `no answer`. Undefined: it was answered rightly. */
  readonly code?: string
}

/** A time during which at least one neighbour was away, without a break. */
export interface Disturbance {
  readonly fromMs: number
  /** Infinity: not within the time it was looked at. */
  readonly untilMs: number
}

/** A right answer that takes longer is no good one. */
export const SLOW_MS = 50

/** Answered rightly, and within SLOW_MS of when it was due. */
export function isWell({ dueMs, endMs, code }: NeighbourCall): boolean {
  return code === undefined && endMs - dueMs <= SLOW_MS
}

/**
 * When neighbours felt a fault. A neighbour is away from the moment a call was due that failed or took more than 50 ms,
 * until its first good answer that comes at the end of that call or later. The moment of a fault is when the first
 * neighbour goes away, and it is over when all are back: times that touch are one disturbance. So how long it takes to
 * notice a fault is part of it, and a fault that comes back before all neighbours did is the same one.
 */
export function findDisturbances(calls: readonly NeighbourCall[]): Disturbance[] {
  const away: Disturbance[] = []
  for (const own of Map.groupBy(calls, ({ neighbour }) => neighbour).values()) {
    const wellEnds = own.filter(isWell).map(({ endMs }) => endMs)
    for (const call of own) {
      if (isWell(call)) continue
      const untilMs = Math.min(...wellEnds.filter(endMs => endMs >= call.endMs), Number.POSITIVE_INFINITY)
      away.push({ fromMs: call.dueMs, untilMs })
    }
  }
  return join(away)
}

/**
 * Milliseconds from the moment of a fault until all neighbours are back: the longest of the disturbances. When none
 * felt anything, the moment is the end of the bad calls, and all are back when each has answered a call due since.
 */
export function msUntilAllBack(
  calls: readonly NeighbourCall[],
  badEndMs: number,
  neighbourCount: number,
): number {
  const disturbances = findDisturbances(calls)
  if (disturbances.length > 0) return Math.max(...disturbances.map(({ fromMs, untilMs }) => untilMs - fromMs))
  const since = calls.filter(({ dueMs }) => dueMs >= badEndMs)
  const backMs = Array.from({ length: neighbourCount }, (_, neighbour) =>
    Math.min(...since.filter(call => call.neighbour === neighbour).map(({ endMs }) => endMs), Infinity),
  )
  return Math.max(...backMs) - badEndMs
}

function join(times: readonly Disturbance[]): Disturbance[] {
  const joined: Disturbance[] = []
  for (const time of [...times].sort((left, right) => left.fromMs - right.fromMs)) {
    const last = joined.at(-1)
    if (last === undefined || time.fromMs > last.untilMs) joined.push(time)
    else joined[joined.length - 1] = { ...last, untilMs: Math.max(last.untilMs, time.untilMs) }
  }
  return joined
}
