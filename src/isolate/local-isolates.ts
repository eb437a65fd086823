import { Compiler, type ProgramCompiler } from './compile.ts'
import type { GuestIsolate, IsolateSource, RoomProblem } from './guest-isolate.ts'
import { LocalIsolate } from './isolate.ts'
import { isolateRoom } from './memory-maps.ts'
import type { IsolateKind } from './pool-key.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { setV8Flags } from './v8-flags.ts'

/** Isolates in this process: `isolation: 'in-process'`. */
export class LocalIsolates implements IsolateSource {
  readonly isRushed: boolean = false
  onRoom: () => void = () => {}

  constructor() {
    setV8Flags()
  }

  /** A function whose threads can't be ended is its lane's to refuse. */
  findRefusal(): undefined {
    return undefined
  }

  findProblem(): RoomProblem | undefined {
    const message = isolateRoom()
    return message === undefined ? undefined : { message, remedy: 'evict' }
  }

  make(kind: IsolateKind): GuestIsolate {
    return new LocalIsolate(kind)
  }

  makeSpare(kind: IsolateKind): GuestIsolate {
    const isolate = new LocalIsolate(kind)
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
