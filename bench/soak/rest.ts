import { setTimeout as sleep } from 'node:timers/promises'
import type { FunctionHost } from 'cloudlet'
import { ALL_GOOD_PARTS } from './good-parts.ts'
import type { Ledger } from './ledger.ts'

/** So often everybody rests, in milliseconds: what is resident then strays by 25 MB, which tells little of a slope unless there are many. */
const REST_EVERY_MS = 30_000
const LEAST_RESTS = 8
/** For the last answers, in milliseconds: the slowest function of the soak has four seconds. */
const QUIET_MS = 20_000
const LOOK_EVERY_MS = 20
/** So long an instance is kept, so that every one gets its call, in milliseconds; and until the host has measured it. */
const HOLD_MS = 300

/** Times in a run that everybody rests. */
export function restCountOf(durationMs: number): number {
  return Math.max(LEAST_RESTS, Math.round(durationMs / REST_EVERY_MS))
}

/** Lanes wait at it before they send anything more. */
export class Gate {
  #opened: PromiseWithResolvers<void> | undefined

  pass(): Promise<void> | undefined {
    return this.#opened?.promise
  }

  close(): void {
    this.#opened ??= Promise.withResolvers()
  }

  open(): void {
    this.#opened?.resolve()
    this.#opened = undefined
  }
}

/**
 * Waits until nothing is under way, and has V8 collect what neither the host nor the good functions' instances keep.
 * What is resident then is what the soak has left behind: in between an instance's heap grows for minutes, from 2 to 9
 * MB, before V8 thinks of it, and which of forty does it when is chance.
 */
export async function rest(host: FunctionHost, ledger: Ledger): Promise<void> {
  const untilMs = performance.now() + QUIET_MS
  while ((ledger.openCount > 0 || host.stats().runningCount > 0) && performance.now() < untilMs) {
    await sleep(LOOK_EVERY_MS)
  }
  const event = { collect: true, holdMs: HOLD_MS }
  await Promise.all(
    ALL_GOOD_PARTS.flatMap(({ name, config }) =>
      Array.from({ length: config.concurrency }, () => host.invoke(name, event)),
    ),
  )
  globalThis.gc?.()
  await sleep(HOLD_MS)
}
