import { LRUCache } from 'lru-cache'
import { Clock } from './clock.ts'
import type { CompiledProgram } from './compile.ts'
import { Instance, type InstanceKeeper } from './instance.ts'
import type { Disposition, Outcome, RecycleReason } from './outcome.ts'

/** What instances are made of and told apart by: one per version of a function. */
export interface PoolKey {
  readonly program: CompiledProgram
  readonly memoryMb: number
}

export interface PoolOptions {
  /** Instances alive at once, idle ones included. */
  readonly maxInstances: number
  /** Memory of all instances together, in bytes, by their last measured heaps. */
  readonly budgetBytes: number
  /** An isolate was ended but its thread runs on: it costs a core until the process ends. */
  readonly onWedged: () => void
}

/** An instance lent out, or why there is none. */
export type Lease =
  | { readonly kind: 'ready'; readonly instance: Instance; readonly coldStart: boolean }
  | { readonly kind: 'full'; readonly message: string }
  | { readonly kind: 'failed'; readonly outcome: Outcome }

export interface PoolStats {
  readonly idleCount: number
  readonly busyCount: number
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

interface Member {
  readonly key: PoolKey
  readonly instance: Instance
  measuredMs: number
}

/**
 * Keeps instances warm for reuse, newest first, and makes room by evicting the one idle longest.
 * Between `acquire` and `release` an instance is its borrower's alone.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: LRUCache<Instance, Member>
  readonly #idleByKey = new Map<PoolKey, Instance[]>()
  readonly #busy = new Map<Instance, Member>()
  readonly #retired = new WeakSet<PoolKey>()
  readonly #recycled = new Map<RecycleReason, number>()
  readonly #keeper: InstanceKeeper
  #makingCount = 0
  #createdCount = 0
  #evictedCount = 0

  constructor(options: PoolOptions) {
    this.#options = options
    this.#keeper = { clock: new Clock(), onWedged: options.onWedged }
    this.#idle = new LRUCache({
      maxSize: options.budgetBytes,
      maxEntrySize: Number.MAX_SAFE_INTEGER,
      sizeCalculation: ({ instance }) => sizeOf(instance),
      dispose: ({ key, instance }, _, reason) => {
        if (reason === 'evict') this.#evict(key, instance)
      },
    })
  }

  /** A warm instance of that key, or a new one. The borrower must release it. */
  async acquire(key: PoolKey): Promise<Lease> {
    const warm = this.#idleByKey.get(key)?.pop()
    if (warm !== undefined) {
      const member = this.#idle.get(warm) as Member
      this.#idle.delete(warm)
      this.#busy.set(warm, member)
      return { kind: 'ready', instance: warm, coldStart: false }
    }
    const problem = this.#makeRoom()
    if (problem !== undefined) return { kind: 'full', message: problem }
    this.#makingCount++
    try {
      const instance = await Instance.create(key.program, key.memoryMb, this.#keeper)
      this.#createdCount++
      this.#busy.set(instance, { key, instance, measuredMs: 0 })
      return { kind: 'ready', instance, coldStart: true }
    } catch (error) {
      return { kind: 'failed', outcome: startFailure(error) }
    } finally {
      this.#makingCount--
    }
  }

  /** Takes an instance back: to keep it warm, or to end it. The pool owns it again after this line. */
  release(instance: Instance, disposition: Disposition): void {
    const member = this.#busy.get(instance)
    if (member === undefined) return
    this.#busy.delete(instance)
    if (disposition.kind === 'recycle') {
      this.#recycle(instance, disposition.why)
    } else if (instance.isDisposed || this.#retired.has(member.key)) {
      this.#recycle(instance, 'replaced')
    } else {
      this.#keep(member)
      this.#measure(member)
    }
  }

  /** Ends the idle instances of a key now and the lent ones when they come back; none is made or reused again. */
  retire(key: PoolKey): void {
    this.#retired.add(key)
    for (const instance of this.#idleByKey.get(key) ?? []) {
      this.#idle.delete(instance)
      this.#recycle(instance, 'replaced')
    }
    this.#idleByKey.delete(key)
  }

  /** Ends every instance, lent ones too: what runs on them ends as cancelled. */
  close(): void {
    for (const key of [...this.#idleByKey.keys()]) this.retire(key)
    for (const [instance, { key }] of this.#busy) {
      this.#retired.add(key)
      instance.dispose()
    }
  }

  stats(): PoolStats {
    return {
      idleCount: this.#idle.size,
      busyCount: this.#busy.size,
      createdCount: this.#createdCount,
      evictedCount: this.#evictedCount,
      recycledCount: Object.fromEntries(this.#recycled),
      memoryBytes: this.#memoryBytes(),
    }
  }

  #keep(member: Member): void {
    const { key, instance } = member
    const idle = this.#idleByKey.get(key) ?? []
    idle.push(instance)
    this.#idleByKey.set(key, idle)
    this.#idle.set(instance, member)
  }

  /** A new figure moves the idle instance's share of the budget. */
  #measure(member: Member): void {
    const nowMs = performance.now()
    if (member.measuredMs !== 0 && nowMs - member.measuredMs < MEASURE_EVERY_MS) return
    member.measuredMs = nowMs
    void member.instance.measureHeap().then(() => {
      if (this.#idle.has(member.instance)) this.#idle.set(member.instance, member)
    })
  }

  #makeRoom(): string | undefined {
    const { maxInstances, budgetBytes } = this.#options
    while (this.#count() >= maxInstances || this.#memoryBytes() + INSTANCE_OVERHEAD_BYTES > budgetBytes) {
      if (this.#idle.pop() !== undefined) continue
      return this.#count() >= maxInstances
        ? `All ${maxInstances} instances are busy (maxInstances).`
        : `The busy instances use the whole memory budget of ${Math.round(budgetBytes / 1_048_576)} MB (memoryBudgetMb).`
    }
    return undefined
  }

  #count(): number {
    return this.#idle.size + this.#busy.size + this.#makingCount
  }

  #memoryBytes(): number {
    let bytes = this.#idle.calculatedSize + this.#makingCount * INSTANCE_OVERHEAD_BYTES
    for (const instance of this.#busy.keys()) bytes += sizeOf(instance)
    return bytes
  }

  #evict(key: PoolKey, instance: Instance): void {
    const idle = this.#idleByKey.get(key) ?? []
    const index = idle.indexOf(instance)
    if (index >= 0) idle.splice(index, 1)
    if (idle.length === 0) this.#idleByKey.delete(key)
    this.#evictedCount++
    instance.dispose()
  }

  #recycle(instance: Instance, why: RecycleReason): void {
    this.#recycled.set(why, (this.#recycled.get(why) ?? 0) + 1)
    instance.dispose()
  }
}

function sizeOf(instance: Instance): number {
  return Math.round(INSTANCE_OVERHEAD_BYTES + instance.heapUsedBytes)
}

/** The program did not fit into the isolate, or the isolate could not be made. */
function startFailure(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error)
  return message.includes('memory limit') ? { kind: 'memory' } : { kind: 'crashed', message }
}
