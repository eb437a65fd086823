import { DateNow, defineValue, RangeErrorCtor, ReflectApply, SymbolToPrimitive } from './intrinsics.ts'
import { refuseCallback } from './node.ts'
import { isInvoking, post, sendSoon } from './outbox.ts'

const MAX_DELAY_MS = 2 ** 31 - 1

type TimerFunction = (...args: unknown[]) => void

/** Ordered by due time, then by age. */
const queue: Timeout[] = []
let maxTimers = 0
let lastId = 0
let isLoading = false
let isFiring = false
/** What the host was last told, so that it is told only of changes. */
let toldDueMs: number | null = null

/** What setTimeout returns: an object, as in Node, that converts to its number. */
class Timeout {
  readonly #id: number
  readonly #callback: TimerFunction
  readonly #args: unknown[]
  readonly #delayMs: number
  readonly #repeats: boolean
  #state: 'queued' | 'firing' | 'over' | 'dropped' = 'over'
  /** Set at a module's top level: it is the function's own, not an invocation's. */
  readonly isModules = isLoading
  /** Timers of a module's top level outlive the invocation that loaded it, and so don't keep it waiting. */
  #holdsLoop = !isLoading
  dueMs = 0

  constructor(callback: TimerFunction, delayMs: number, args: unknown[], repeats: boolean) {
    lastId++
    this.#id = lastId
    this.#callback = callback
    this.#args = args
    this.#delayMs = delayMs
    this.#repeats = repeats
    this.#enqueue()
  }

  ref(): this {
    return this.#hold(true)
  }

  unref(): this {
    return this.#hold(false)
  }

  hasRef(): boolean {
    return this.#holdsLoop
  }

  refresh(): this {
    if (this.#state === 'dropped') return this
    this.close()
    this.#enqueue()
    tellHost()
    return this
  }

  close(): this {
    if (this.#state === 'queued') remove(this)
    if (this.#state !== 'dropped') this.#state = 'over'
    tellHost()
    return this
  }

  /** It was taken from the queue with its invocation, for good: not even the next can set it again. */
  drop(): void {
    this.#state = 'dropped'
  }

  [SymbolToPrimitive](): number {
    return this.#id
  }

  fire(): void {
    this.#state = 'firing'
    try {
      ReflectApply(this.#callback, this, this.#args)
    } finally {
      if (this.#state === 'firing') {
        if (this.#repeats) this.#enqueue()
        else this.#state = 'over'
      }
    }
  }

  #hold(holdsLoop: boolean): this {
    this.#holdsLoop = holdsLoop
    tellHost()
    return this
  }

  #enqueue(): void {
    if (queue.length >= maxTimers) {
      throw new RangeErrorCtor(`More than ${maxTimers} timers are set. Clear some before setting more.`)
    }
    this.#state = 'queued'
    this.dueMs = DateNow() + this.#delayMs
    let index = queue.length
    queue.length = index + 1
    for (; index > 0 && (queue[index - 1] as Timeout).dueMs > this.dueMs; index--) {
      defineValue(queue, index, queue[index - 1])
    }
    defineValue(queue, index, this)
  }
}

/** Puts the timer functions on the global object. */
export function installTimers(target: Record<string, unknown>): void {
  target.setTimeout = function setTimeout(callback: unknown, delay?: unknown, ...args: unknown[]) {
    return start(callback, delay, args, false)
  }
  target.setInterval = function setInterval(callback: unknown, delay?: unknown, ...args: unknown[]) {
    return start(callback, delay, args, true)
  }
  target.setImmediate = function setImmediate(callback: unknown, ...args: unknown[]) {
    return start(callback, 0, args, false)
  }
  target.clearTimeout = function clearTimeout(timer: unknown) {
    stop(timer)
  }
  target.clearInterval = function clearInterval(timer: unknown) {
    stop(timer)
  }
  target.clearImmediate = function clearImmediate(timer: unknown) {
    stop(timer)
  }
}

export function setTimerLimit(timers: number): void {
  maxTimers = timers
}

/** Timers set between these two calls don't hold the loop. */
export function beginLoading(): void {
  isLoading = true
}

export function endLoading(): void {
  isLoading = false
}

/** Runs what is due now. What a callback throws goes to `fail`: it is an uncaught exception of the invocation. */
export function fireTimers(fail: (error: unknown) => void): void {
  toldDueMs = null
  isFiring = true
  const nowMs = DateNow()
  const dueCount = countDue(nowMs)
  for (let fired = 0; fired < dueCount; fired++) {
    const timer = queue[0]
    // A callback may have cleared the timers behind it, or set new ones that are not due yet.
    if (timer === undefined || timer.dueMs > nowMs) break
    remove(timer)
    try {
      timer.fire()
    } catch (error) {
      fail(error)
    }
  }
  isFiring = false
  tellHost()
}

export function timersHoldLoop(): boolean {
  for (let index = 0; index < queue.length; index++) if ((queue[index] as Timeout).hasRef()) return true
  return false
}

/** Forgets the timers of an invocation that is over: they must not act in the name of the next one's caller. */
export function dropTimers(): void {
  if (queue.length === 0) return
  let kept = 0
  for (let index = 0; index < queue.length; index++) {
    const timer = queue[index] as Timeout
    if (!timer.isModules) {
      timer.drop()
      continue
    }
    defineValue(queue, kept, timer)
    kept++
  }
  queue.length = kept
}

/** Says again when to wake: the host forgets between invocations. */
export function resumeTimers(): void {
  toldDueMs = null
  if (queue.length > 0) tellHost()
}

function start(callback: unknown, delay: unknown, args: unknown[], repeats: boolean): Timeout {
  if (typeof callback !== 'function') {
    refuseCallback(callback)
  }
  const asked = Number(delay)
  const delayMs = asked >= 1 && asked <= MAX_DELAY_MS ? asked : 1
  const timer = new Timeout(callback as TimerFunction, delayMs, args, repeats)
  tellHost()
  return timer
}

function stop(timer: unknown): void {
  if (timer instanceof Timeout) timer.close()
  else if (typeof timer === 'number' || typeof timer === 'string') closeByNumber(Number(timer))
}

function closeByNumber(id: number): void {
  for (let index = 0; index < queue.length; index++) {
    const timer = queue[index] as Timeout
    if (timer[SymbolToPrimitive]() === id) {
      timer.close()
      return
    }
  }
}

function remove(timer: Timeout): void {
  let found = 0
  while (queue[found] !== timer) found++
  for (let index = found; index < queue.length - 1; index++) queue[index] = queue[index + 1] as Timeout
  queue.length--
}

function countDue(nowMs: number): number {
  let count = 0
  while (count < queue.length && (queue[count] as Timeout).dueMs <= nowMs) count++
  return count
}

function tellHost(): void {
  if (!isFiring && !isLoading && isInvoking()) sendSoon()
}

/** Tells the host when to wake, once for all that a turn has set and cleared. */
export function postWait(): void {
  const dueMs = queue.length === 0 ? null : (queue[0] as Timeout).dueMs
  if (dueMs === toldDueMs) return
  toldDueMs = dueMs
  const afterMs = dueMs === null ? null : dueMs - DateNow()
  post(`{"type":"wait","afterMs":${afterMs !== null && afterMs < 0 ? 0 : afterMs}}`)
}
