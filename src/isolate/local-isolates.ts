import { Compiler, type ProgramCompiler } from './compile.ts'
import type { GuestIsolate, IsolateSource, RoomProblem } from './guest-isolate.ts'
import { LocalIsolate } from './isolate.ts'
import { isolateRoom } from './memory-maps.ts'
import type { IsolateKind } from './pool-key.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { setV8Flags } from './v8-flags.ts'

/** What is made ahead of need waits so long for memory to be given back, in milliseconds: there is no telling when it is. */
const CLEARING_MS = 1000

/** Isolates in this process: `isolation: 'in-process'`. */
export class LocalIsolates implements IsolateSource {
  /** When one was ended last that may have much to give back, on the scale of `performance.now()`. */
  #endedMs = Number.NEGATIVE_INFINITY
  onRoom: () => void = () => {}

  constructor() {
    setV8Flags()
  }

  get isRushed(): boolean {
    return performance.now() - this.#endedMs < CLEARING_MS
  }

  /** A function whose threads can't be ended is its lane's to refuse. */
  findRefusal(): undefined {
    return undefined
  }

  findProblem(): RoomProblem | undefined {
    const message = isolateRoom()
    return message === undefined ? undefined : { message, remedy: 'evict' }
  }

  make(kind: IsolateKind): LocalIsolate {
    const onClearing = (): void => {
      this.#endedMs = performance.now()
    }
    return new LocalIsolate(kind, { onClearing })
  }

  makeSpare(kind: IsolateKind): GuestIsolate {
    const isolate = this.make(kind)
    isolate.preload()
    return isolate
  }

  canTake(): boolean {
    return true
  }

  take(): void {}

  openCompiler(runtime: RuntimeKind): ProgramCompiler {
    return new Compiler(runtime)
  }

  async close(): Promise<void> {}

  forget(): void {}
}
