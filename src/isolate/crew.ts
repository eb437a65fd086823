import type { Instance } from './instance.ts'

/** Instances one function may have in the making at once. */
const MAX_MAKING = 3
/** A process that is lost costs many functions their instances: for so long each makes no second before the first has run, in milliseconds. */
const ONE_EACH_MS = 250

/** The instances of a lane: who is idle, who has something to do, and who is to be relieved by another. */
export class Crew {
  readonly #idle: Instance[] = []
  readonly #busy = new Set<Instance>()
  /** Those that have not run yet: the first job of each is a cold start. */
  readonly #cold = new WeakSet<Instance>()
  /** Those whose process is to go. They serve until another has run. */
  readonly #displaced = new Set<Instance>()

  makingCount = 0
  /** When one was lost with its process, on the scale of `performance.now()`. */
  #lostMs = Number.NEGATIVE_INFINITY

  /** All of them, those in the making included. */
  get size(): number {
    return this.#idle.length + this.count
  }

  /** Those that are busy or in the making. */
  get count(): number {
    return this.#busy.size + this.makingCount
  }

  /** Whether another may be made, and be busy beside those that are. */
  hasPlace(concurrency: number): boolean {
    return this.makingCount < MAX_MAKING && this.count < concurrency
  }

  noteLoss(): void {
    this.#lostMs = performance.now()
  }

  /** One is made or runs for the first time in the place of one that was lost. */
  get isRecovering(): boolean {
    if (performance.now() - this.#lostMs >= ONE_EACH_MS) return false
    return this.makingCount > 0 || [...this.#busy].some(instance => this.#cold.has(instance))
  }

  get isAnyIdle(): boolean {
    return this.#idle.length > 0
  }

  /** One whose turn is only ending counts as idle. */
  get busyCount(): number {
    let count = 0
    for (const instance of this.#busy) if (!instance.isDone) count++
    return count
  }

  /** One that will be idle before the event loop goes on. */
  get freeing(): Instance | undefined {
    for (const instance of this.#busy) if (instance.isFreeing) return instance
    return undefined
  }

  get isAboutToFree(): boolean {
    for (const instance of this.#busy) if (instance.isDone) return true
    return false
  }

  get isAnyStreaming(): boolean {
    for (const { isStreaming } of this.#busy) if (isStreaming) return true
    return false
  }

  /** Those that run, or would if they had a core or were made. */
  get runningCount(): number {
    let count = this.makingCount
    for (const { wantsCore } of this.#busy) if (wantsCore) count++
    return count
  }

  get busy(): ReadonlySet<Instance> {
    return this.#busy
  }

  /** Who is taken next. */
  get next(): Instance | undefined {
    return this.#idle.at(-1)
  }

  /** The same, or one that will be idle in a moment. */
  get soonest(): Instance | undefined {
    return this.next ?? this.freeing
  }

  isCold(instance: Instance): boolean {
    return this.#cold.has(instance)
  }

  /** It has been made, and has not run. */
  add(instance: Instance): void {
    this.#cold.add(instance)
    this.#idle.push(instance)
  }

  take(): Instance | undefined {
    return this.#idle.pop()
  }

  begin(instance: Instance): void {
    this.#busy.add(instance)
  }

  /** It has nothing to do any more. Whether that was its first run. */
  end(instance: Instance): boolean {
    this.#busy.delete(instance)
    return this.#cold.delete(instance)
  }

  /** It may be taken again, unless it is to go. Whether it may. */
  rest(instance: Instance): boolean {
    if (instance.isolate.isCondemned || (this.#displaced.has(instance) && this.#isRelieved)) {
      instance.dispose()
      return false
    }
    this.#idle.push(instance)
    if (this.#displaced.size > 0 && this.#isRelieved)
      for (const displaced of this.#displaced) if (this.remove(displaced)) displaced.dispose()
    return true
  }

  /** It serves on until another has run that isn't to go; whether that still has to be made. */
  displace(instance: Instance): boolean {
    this.#displaced.add(instance)
    if (this.makingCount > 0) return false
    return ![...this.#idle, ...this.#busy].some(
      other => !this.#displaced.has(other) && !other.isolate.isCondemned,
    )
  }

  /** Takes an idle one away. Whether it was idle. */
  remove(instance: Instance): boolean {
    const index = this.#idle.indexOf(instance)
    if (index >= 0) this.#idle.splice(index, 1)
    return index >= 0
  }

  /** It is gone. */
  delete(instance: Instance): void {
    this.#busy.delete(instance)
    this.#displaced.delete(instance)
    this.remove(instance)
  }

  disposeIdle(): void {
    for (const instance of this.#idle.splice(0)) instance.dispose()
  }

  /** One that isn't to go has run, and is idle. */
  get #isRelieved(): boolean {
    return this.#idle.some(
      instance =>
        !this.#displaced.has(instance) && !this.#cold.has(instance) && !instance.isolate.isCondemned,
    )
  }
}
