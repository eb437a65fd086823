import type { Claimant, Cores, Pace, Turn } from './cores.ts'
import type { GuestIsolate, GuestWindow } from './guest-isolate.ts'

export interface CrossingListener {
  /** Of the next entry. */
  takePace(): Pace
  /** The entry is over and its microtasks ran. `rejection`: a promise nobody handled was rejected in it. */
  onTurnEnd(rejection: Error | undefined): void
  /** The isolate died in the entry, other than by `dispose()` of our own. */
  onDeath(error: Error): void
}

const WAKE = '{"type":"wake"}'
const NO_BUFFERS: readonly Uint8Array[] = []
/** Characters and bytes that cross in one entry, unless one message has more: to carry them takes the host's thread. */
const CROSSING_SIZE = 4 * 1024 * 1024

/** A message that has not crossed. */
interface Posted {
  readonly text: string
  readonly bytes: Uint8Array | undefined
  readonly onTaken: (() => void) | undefined
}

/**
 * Carries messages into one isolate: everything posted while an entry is under way crosses together in the
 * next. One crossing at a time is a rule, not an optimisation: isolated-vm frees what an entry carried only
 * when its thread runs out of entries, so a queue that is never empty grows until the memory limit ends an
 * innocent isolate (native-notes/memory.md, test/isolate/crossing.test.ts). Streams of quick jobs are the one
 * exception, and bounded (batching.ts).
 */
export class Crossing implements Claimant {
  readonly group: object
  readonly #isolate: GuestIsolate
  readonly #cores: Cores
  readonly #listener: CrossingListener
  /** Where the guest's thread waits for answers, once it has said so. */
  window: GuestWindow | undefined
  #posted: Posted[] = []
  #waitingChars = 0
  #wakeDue = false
  #isClaimed = false
  #isQuick = false
  #wasQuick = false
  #isUncertain = false
  #quickCount = 0
  #turn: Turn | undefined

  /** `group`: whose share of the cores it takes. */
  constructor(isolate: GuestIsolate, group: object, cores: Cores, listener: CrossingListener) {
    this.#isolate = isolate
    this.group = group
    this.#cores = cores
    this.#listener = listener
  }

  /** @throws {BrokenBridge} for anything but a window of the runtime's. */
  openWindow(shared: unknown): void {
    this.window = this.#isolate.openWindow(shared)
  }

  /** Characters posted that have not crossed. */
  get waitingChars(): number {
    return this.#waitingChars
  }

  get isEntered(): boolean {
    return this.#turn !== undefined
  }

  /** When the entry under way began, on the scale of `performance.now()`, in milliseconds. */
  get enteredMs(): number | undefined {
    return this.#turn?.startMs
  }

  /** It runs, or waits for nothing but a core. */
  get wantsCore(): boolean {
    return this.#turn !== undefined || this.#isClaimed
  }

  /**
   * Enters with the first texts of invocations, on a core that is its own already. They cross together; each after
   * the first starts when every microtask of the one before has run.
   *
   * If they are expected to be quick nobody asks V8 for the end of the entry: a third of what a warm call costs
   * (native-notes/isolated-vm.md). The guest says it; what goes wrong is noticed by the clock.
   */
  start(texts: readonly string[], turn: Turn, pace: Pace): void {
    this.#begin(turn, pace)
    this.#invoke(texts)
  }

  /**
   * Enters with more of them while a quick turn is under way: the thread goes on without a pause, and this one does
   * its part meanwhile. Whoever does bounds what crosses in one turn, for the sake of the rule above.
   */
  append(texts: readonly string[]): void {
    this.#quickCount++
    if (this.#turn !== undefined) this.#cores.expectSoon(this.#turn, this.#isolate.letterbox)
    this.#invoke(texts)
  }

  #begin(turn: Turn, pace: Pace): void {
    const isQuick = pace === 'quick'
    this.#turn = turn
    this.#isUncertain = isQuick || this.#wasQuick
    this.#wasQuick = isQuick
    this.#isQuick = isQuick
    this.#quickCount = 1
    if (pace !== 'slow') this.#cores.expectSoon(turn, this.#isolate.letterbox)
  }

  #invoke(texts: readonly string[]): void {
    this.#isolate.enter({
      text: `[${texts.join(',')}]`,
      buffers: NO_BUFFERS,
      isQuick: this.#isQuick,
      isFresh: true,
      mayLinger: this.#mayLinger,
    })
  }

  get isQuick(): boolean {
    return this.#isQuick
  }

  get #mayLinger(): boolean {
    return this.#isQuick && this.#cores.isAnyFree
  }

  /**
   * Whether what entered last may stand behind microtasks of the turn before, of whose end V8 was not asked: a guest
   * says that a turn is over before microtasks that never end.
   */
  get isUncertain(): boolean {
    return this.#isUncertain
  }

  /** Quick crossings whose turns have not ended. */
  get quickCount(): number {
    return this.#quickCount
  }

  /** The guest says that so many of its turns are over. */
  leaveQuick(turnCount: number): void {
    if (!this.#isQuick) return
    this.#quickCount -= turnCount
    if (this.#quickCount > 0) return
    this.#isQuick = false
    this.leave(undefined)
  }

  /**
   * Posts one message as JSON text. The bytes, if any, go beside it: the text gets their index as `buffer`. `onTaken`:
   * they have crossed.
   */
  post(text: string, bytes?: Uint8Array, onTaken?: () => void): void {
    this.#waitingChars += text.length
    this.#posted.push({ text, bytes, onTaken })
    this.#claim()
  }

  /** Lets timers that are due run, with the next entry. */
  wake(): void {
    this.#wakeDue = true
    this.#claim()
  }

  /** Takes back what has not crossed: the invocation it was for is over. */
  clear(): void {
    this.#wakeDue = false
    this.#posted = []
    this.#waitingChars = 0
  }

  /** Gives the core back for good: the isolate was disposed, whether or not its thread has noticed. */
  abandon(): void {
    this.clear()
    if (this.#turn !== undefined) this.#cores.release(this.#turn)
    // Quick still, since the isolate died of itself: no one will say that its turn ended.
    if (this.#isQuick) this.#turn = undefined
  }

  /** Makes sure that V8 tells the end of a quick turn. */
  awaitEnd(): void {
    if (!this.#isQuick || this.#isolate.isDisposed) return
    this.#isQuick = false
    this.#isolate.awaitEnd()
  }

  enter(turn: Turn): void {
    this.#isClaimed = false
    if (this.#isolate.isDisposed || !this.#hasWork) this.#cores.release(turn)
    else this.#deliver(turn)
  }

  #claim(): void {
    if (this.#turn !== undefined || this.#isClaimed) return
    this.#isClaimed = true
    // What else this tick has to say crosses with it.
    queueMicrotask(() => this.#cores.claim(this, true))
  }

  get #hasWork(): boolean {
    return this.#wakeDue || this.#posted.length > 0
  }

  #deliver(turn: Turn): void {
    const crossing = this.#takePosted()
    const buffers: Uint8Array[] = []
    const texts = crossing.map(({ text, bytes }) =>
      bytes === undefined ? text : `${text.slice(0, -1)},"buffer":${buffers.push(bytes) - 1}}`,
    )
    if (this.#wakeDue) texts.push(WAKE)
    this.#wakeDue = false
    this.#begin(turn, this.#listener.takePace())
    const text = `[${texts.join(',')}]`
    const mayLinger = this.#mayLinger
    this.#isolate.enter({ text, buffers, isQuick: this.#isQuick, isFresh: false, mayLinger })
    for (const { onTaken } of crossing) onTaken?.()
  }

  /** What crosses next. */
  #takePosted(): Posted[] {
    let size = 0
    const count = this.#posted.findIndex(({ text, bytes }, index) => {
      size += text.length + (bytes?.length ?? 0)
      return index > 0 && size > CROSSING_SIZE
    })
    const taken = this.#posted
    this.#posted = count < 0 ? [] : taken.splice(count)
    for (const { text } of taken) this.#waitingChars -= text.length
    return taken
  }

  /** An entry that was not quick is over. */
  leave(rejection: Error | undefined): void {
    this.#endTurn()
    if (rejection !== undefined && this.#isolate.isDisposed) {
      this.#listener.onDeath(rejection)
      return
    }
    this.#listener.onTurnEnd(rejection)
    if (this.#hasWork) this.#claim()
  }

  #endTurn(): void {
    const turn = this.#turn
    this.#turn = undefined
    if (turn !== undefined) this.#cores.release(turn)
  }
}
