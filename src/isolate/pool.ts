import { LRUCache } from 'lru-cache'
import { Clock } from './clock.ts'
import { Cores } from './cores.ts'
import type { IsolateSource, RoomProblem } from './guest-isolate.ts'
import { Instance } from './instance.ts'
import { Lane } from './lane.ts'
import type { LaneOwner } from './lane-owner.ts'
import { type RecycleReason, toDeath } from './outcome.ts'
import type { PoolKey } from './pool-key.ts'
import { Spares } from './spares.ts'

export interface PoolOptions {
  readonly source: IsolateSource
  /** Instances alive at once, idle ones included. */
  readonly maxInstances: number
  /** Memory of all instances together, in bytes, by their last measured heaps. */
  readonly budgetBytes: number
  /** Blank isolates kept ready for cold starts, at most. */
  readonly maxSpares: number
  /** An isolate was ended but its thread runs on, and costs a core; or it has ended after all. */
  readonly onWedged: (functionName: string, change: 1 | -1) => void
  /** What no invocation fails of: a spare that could not be made. */
  readonly onWarning: (message: string) => void
}

export interface PoolStats {
  readonly idleCount: number
  readonly busyCount: number
  /** Blank isolates ready for the next cold starts. */
  readonly spareCount: number
  /** Isolates that run at the moment. */
  readonly runningCount: number
  readonly createdCount: number
  readonly evictedCount: number
  readonly recycledCount: Readonly<Partial<Record<RecycleReason, number>>>
  /** Estimated memory of all instances, in bytes. */
  readonly memoryBytes: number
}

/** RSS of an isolate beside its own heap: V8's structures, its share of the snapshot, a context (bench/density). */
const INSTANCE_OVERHEAD_BYTES = 1.25 * 1024 * 1024
/** A heap measured more recently than this is not measured again, in milliseconds. */
const MEASURE_EVERY_MS = 1000

/** Where an instance belongs, when its heap was measured last, and what it counts for since. */
interface Member {
  readonly lane: Lane
  measuredMs: number
  sizeBytes: number
}

/**
 * Keeps instances warm for reuse and makes room by evicting the one idle longest. Which of them runs what is its
 * lane's to say.
 */
export class Pool implements LaneOwner<Lane> {
  readonly clock = new Clock()
  readonly cores = new Cores(this.clock)
  readonly #options: PoolOptions
  readonly #lanes = new Map<PoolKey, Lane>()
  /** All instances, the one idle longest first; a busy one stands where it was when it was idle last. */
  readonly #instances: LRUCache<Instance, Member>
  readonly #spares: Spares
  readonly #recycled = new Map<RecycleReason, number>()
  /** Lanes whose instance has to wait till another's turn has ended. */
  readonly #waitingForRoom: Lane[] = []
  #makingCount = 0
  #createdCount = 0
  #instancesBytes = 0

  constructor(options: PoolOptions) {
    this.#options = options
    options.source.onRoom = () => this.#makeWaiting()
    // Room is made by the pool alone, which spares the busy ones, and which measures sizes without touching the order.
    this.#instances = new LRUCache({ maxSize: Number.MAX_SAFE_INTEGER, sizeCalculation: () => 1 })
    this.#spares = new Spares({
      max: options.maxSpares,
      hasRoom: () => this.#findProblem() === undefined,
      source: options.source,
      onFailure: error => options.onWarning(`A spare isolate could not be made: ${error}`),
    })
  }

  /** The lane of a function that was deployed. */
  open(key: PoolKey): Lane {
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new Lane(key, this)
      this.#lanes.set(key, lane)
    }
    return lane
  }

  /** A function was deployed: an isolate of its size is made ready for its first cold start. */
  expect(key: PoolKey): void {
    this.#spares.expect(key)
  }

  /** Ends the idle instances of a key now and the busy ones when they are free. */
  retire(key: PoolKey): void {
    this.#lanes.get(key)?.retire()
    this.#lanes.delete(key)
    this.#options.source.forget(key)
  }

  /** Ends every instance, busy ones too: what runs on them ends as cancelled. */
  close(): void {
    this.#spares.close()
    for (const lane of this.#lanes.values()) lane.close()
    this.#lanes.clear()
    for (const { lane } of [...this.#instances.values()]) lane.close()
  }

  stats(): PoolStats {
    const busyCount = this.#countBusy()
    return {
      idleCount: this.#instances.size - busyCount,
      busyCount,
      spareCount: this.#spares.count,
      runningCount: this.cores.runningCount,
      createdCount: this.#createdCount,
      evictedCount: this.#recycled.get('evicted') ?? 0,
      recycledCount: Object.fromEntries([...this.#recycled].filter(([why]) => why !== 'evicted')),
      memoryBytes: this.#memoryBytes(),
    }
  }

  findRefusal(key: PoolKey): string | undefined {
    return this.#options.source.findRefusal(key)
  }

  make(lane: Lane): void {
    void this.#make(lane)
  }

  onIdle(instance: Instance): void {
    const member = this.#instances.get(instance)
    if (member !== undefined) this.#measure(instance, member)
    this.#makeWaiting()
  }

  onEnd(instance: Instance, why: RecycleReason): void {
    this.#instancesBytes -= this.#instances.peek(instance)?.sizeBytes ?? 0
    this.#instances.delete(instance)
    this.#recycled.set(why, (this.#recycled.get(why) ?? 0) + 1)
    this.#makeWaiting()
  }

  onWedged({ name }: PoolKey, change: 1 | -1): void {
    this.#options.onWedged(name, change)
  }

  async #make(lane: Lane): Promise<void> {
    const { key } = lane
    const problem = this.#makeRoom(key)
    if (problem !== undefined) {
      if (problem.remedy === 'wait' || this.#isAboutToFree()) this.#waitingForRoom.push(lane)
      else lane.onMakeFailed({ kind: 'refused', message: problem.message })
      return
    }
    this.#makingCount++
    let instance: Instance
    try {
      const blank = this.#spares.take(key) ?? this.#options.source.make(key, key)
      instance = await Instance.create(blank, key.program, lane)
    } catch (error) {
      lane.onMakeFailed(toDeath(error))
      return
    } finally {
      this.#makingCount--
    }
    this.#createdCount++
    // It may have been lost meanwhile.
    if (!instance.isolate.isDisposed) {
      const sizeBytes = sizeOf(instance)
      this.#instances.set(instance, { lane, measuredMs: 0, sizeBytes })
      this.#instancesBytes += sizeBytes
    }
    lane.onMade(instance)
  }

  /** Room may have come up. */
  #makeWaiting(): void {
    if (this.#waitingForRoom.length === 0) return
    for (const lane of this.#waitingForRoom.splice(0)) queueMicrotask(() => this.make(lane))
  }

  #isAboutToFree(): boolean {
    for (const { lane } of this.#instances.values()) if (lane.isAboutToFree) return true
    return false
  }

  /** A new figure moves the instance's share of the budget. */
  #measure(instance: Instance, member: Member): void {
    const nowMs = performance.now()
    if (member.measuredMs !== 0 && nowMs - member.measuredMs < MEASURE_EVERY_MS) return
    member.measuredMs = nowMs
    // It wakes the isolate's thread: whoever waits for what the instance has just answered goes first.
    setImmediate(() => void this.#measureNow(instance, member))
  }

  async #measureNow(instance: Instance, member: Member): Promise<void> {
    await instance.usage.measureHeap()
    if (this.#instances.peek(instance) === undefined) return
    const sizeBytes = sizeOf(instance)
    this.#instancesBytes += sizeBytes - member.sizeBytes
    member.sizeBytes = sizeBytes
    if (this.#memoryBytes() > this.#options.budgetBytes) this.#evictOne()
  }

  /** Evicts idle instances, and spares before them, until another fits. What stands in the way otherwise. */
  #makeRoom(key: PoolKey): RoomProblem | undefined {
    for (;;) {
      const problem = this.#findProblem(key)
      if (problem?.remedy !== 'evict' || !(this.#spares.drop() || this.#evictOne())) return problem
    }
  }

  #evictOne(): boolean {
    for (const instance of this.#instances.rkeys()) {
      if (this.#instances.peek(instance)?.lane.evict(instance)) return true
    }
    return false
  }

  #findProblem(key?: PoolKey): RoomProblem | undefined {
    const { maxInstances, budgetBytes } = this.#options
    if (this.#instances.size + this.#makingCount >= maxInstances) {
      return { message: `All ${maxInstances} instances are busy (maxInstances).`, remedy: 'evict' }
    }
    if (this.#memoryBytes() + INSTANCE_OVERHEAD_BYTES > budgetBytes) {
      const budgetMb = Math.round(budgetBytes / 1_048_576)
      const message = `The busy instances use the whole memory budget of ${budgetMb} MB (memoryBudgetMb).`
      return { message, remedy: 'evict' }
    }
    return this.#options.source.findProblem(key)
  }

  #countBusy(): number {
    let count = 0
    for (const lane of new Set([...this.#instances.values()].map(member => member.lane))) {
      count += lane.busyCount
    }
    return count
  }

  #memoryBytes(): number {
    return this.#instancesBytes + (this.#makingCount + this.#spares.size) * INSTANCE_OVERHEAD_BYTES
  }
}

function sizeOf(instance: Instance): number {
  return Math.round(INSTANCE_OVERHEAD_BYTES + instance.usage.heapBytes)
}
