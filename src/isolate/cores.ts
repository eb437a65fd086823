import { availableParallelism } from 'node:os'
import { BusyPoll } from '../busy-poll.ts'
import type { Clock, Timed } from './clock.ts'
import type { Letterbox } from './guest-isolate.ts'

/** A turn that takes longer than this is the scheduler's to share out: it stops counting against the others, in milliseconds. */
const QUANTUM_MS = 50
/** One that starts and has waited for longer than this has every other place, in milliseconds. */
const STARVED_MS = 20
const ALL = Number.POSITIVE_INFINITY

/** Who wants an isolate to run. */
export interface Claimant {
  /** Claims of one group, a function's, may not take every place. */
  readonly group: object
  /** The core is theirs until they release the turn. */
  enter(turn: Turn): void
}

interface Waiting {
  readonly claimant: Claimant
  readonly sinceMs: number
}

/** The right to run one isolate on one core, from an entry to its end. */
export interface Turn {
  readonly group: object
  readonly startMs: number
  isOvertime: boolean
}

/**
 * How long a turn is expected to take: no time, so nobody has its end told; no time, but it is told all the same; or
 * longer, or nobody knows.
 */
export type Pace = 'quick' | 'watched' | 'slow'

/**
 * Bounds how many isolates run at once: isolated-vm gives each a thread, and more threads than cores only delay
 * each other and the host's own loop (native-notes/isolated-vm.md). An invocation that continues goes before one that
 * starts, unless that has waited for long; groups take turns.
 */
export class Cores implements Timed {
  readonly deadlineMs = Number.POSITIVE_INFINITY
  readonly #limit: number
  readonly #cores: number
  /** Turns that are expected to be over in no time. The host's thread needs a core of its own to stay awake for them. */
  readonly #brief = new Map<Turn, Letterbox | undefined>()
  readonly #poll = new BusyPoll({
    mayWait: () => this.isAnyFree,
    look: () => this.#collect(),
    rest: () => this.#closeLetterboxes(),
  })
  /** How many isolates of one group may run at once. */
  readonly groupLimit: number
  readonly #clock: Clock
  readonly #running = new Set<Turn>()
  /** On threads that are not counted here. */
  readonly #beside = new Set<Turn>()
  readonly #byGroup = new Map<object, number>()
  readonly #resumed: Waiting[] = []
  readonly #fresh: Waiting[] = []
  /** The last place that was freed went to one that starts, out of the usual order. */
  #wasFresh = false
  #countedCount = 0

  /**
   * Two isolates more than cores, and of one function one more: a core is free for a moment whenever a thread hands
   * over (bench/admission.ts: 0.90 of the floor with one less of each, about 1 with these). One stays for the others.
   */
  constructor(clock: Clock, cores: number = availableParallelism()) {
    this.#clock = clock
    this.#cores = cores
    this.#limit = cores + 2
    this.groupLimit = cores + 1
  }

  get runningCount(): number {
    return this.#running.size + this.#beside.size
  }

  /** There is a core that no isolate runs on; those beside have one together. */
  get isAnyFree(): boolean {
    return this.#running.size + Math.min(this.#beside.size, 1) < this.#cores
  }

  /** A thread that is woken now finds a core, as far as is known: the last did that was to be quick. */
  get mayWake(): boolean {
    return this.isAnyFree && this.#poll.isPrompt
  }

  /** Somebody waits for a core. */
  get isContended(): boolean {
    return this.#resumed.length + this.#fresh.length > 0
  }

  /** Enters now if a core is free, or as soon as one is. */
  claim(claimant: Claimant, isResumed: boolean): void {
    if (this.#fits(claimant.group)) {
      this.#grant(claimant)
      return
    }
    if (!this.isContended) this.#clock.add(this)
    const queue = isResumed ? this.#resumed : this.#fresh
    queue.push({ claimant, sinceMs: performance.now() })
  }

  /**
   * Enters now, on a thread that many isolates have in turn: however many of them are entered, it takes one core at
   * most. If each took a place here, those who wait for a thread that gets nowhere would keep all others from theirs.
   */
  enterBeside(claimant: Claimant): void {
    const turn: Turn = { group: claimant.group, startMs: performance.now(), isOvertime: true }
    this.#beside.add(turn)
    claimant.enter(turn)
  }

  /** The turn, which is about to be under way, is expected to be over in no time. */
  expectSoon(turn: Turn, letterbox: Letterbox | undefined): void {
    this.#brief.set(turn, letterbox)
    this.#poll.expect()
    if (this.#poll.isAwake) letterbox?.open()
  }

  release(turn: Turn): void {
    const letterbox = this.#brief.get(turn)
    if (this.#brief.delete(turn)) {
      if (letterbox?.close() === false) setImmediate(letterbox.collect)
      this.#poll.meet(this.#brief.size === 0)
    }
    if (this.#beside.delete(turn) || !this.#running.delete(turn)) return
    this.#uncount(turn)
    this.#serve()
  }

  /** Called at each tick while somebody waits: turns past the quantum make room, as many as there are places. */
  check(): void {
    const nowMs = performance.now()
    let overtimeCount = this.#running.size - this.#countedCount
    for (const turn of this.#running) {
      if (overtimeCount >= this.#limit) break
      if (turn.isOvertime || nowMs - turn.startMs < QUANTUM_MS) continue
      this.#uncount(turn)
      turn.isOvertime = true
      overtimeCount++
    }
    this.#serve()
  }

  /** What is heard may end turns, and begin others. */
  #collect(): void {
    for (const [turn, letterbox] of this.#brief) {
      letterbox?.collect()
      if (this.#brief.has(turn)) letterbox?.open()
    }
  }

  #closeLetterboxes(): void {
    for (const letterbox of this.#brief.values()) if (letterbox?.close() === false) letterbox.collect()
  }

  #serve(): void {
    if (!this.isContended) return
    const starvedMs = performance.now() - STARVED_MS
    const isEarly = !this.#wasFresh && this.#serveQueue(this.#fresh, 1, starvedMs) > 0
    const isAnyLater = this.#serveQueue(this.#resumed) + this.#serveQueue(this.#fresh) > 0
    if (isEarly || isAnyLater) this.#wasFresh = isEarly && !isAnyLater
    if (!this.isContended) this.#clock.delete(this)
  }

  /** Gives places to those who have waited since `beforeMs` or longer. Returns how many got one. */
  #serveQueue(queue: Waiting[], most = ALL, beforeMs = ALL): number {
    let granted = 0
    for (let index = 0; index < queue.length && granted < most && this.#countedCount < this.#limit; ) {
      const { claimant, sinceMs } = queue[index] as Waiting
      if (sinceMs > beforeMs) break
      if (this.#fits(claimant.group)) {
        queue.splice(index, 1)
        this.#grant(claimant)
        granted++
      } else {
        index++
      }
    }
    return granted
  }

  #fits(group: object): boolean {
    return this.#countedCount < this.#limit && (this.#byGroup.get(group) ?? 0) < this.groupLimit
  }

  #grant(claimant: Claimant): void {
    const { group } = claimant
    const turn: Turn = { group, startMs: performance.now(), isOvertime: false }
    this.#running.add(turn)
    this.#countedCount++
    this.#byGroup.set(group, (this.#byGroup.get(group) ?? 0) + 1)
    claimant.enter(turn)
  }

  #uncount(turn: Turn): void {
    if (turn.isOvertime) return
    this.#countedCount--
    const left = (this.#byGroup.get(turn.group) ?? 1) - 1
    if (left === 0) this.#byGroup.delete(turn.group)
    else this.#byGroup.set(turn.group, left)
  }
}
