import type { CompiledProgram } from './compile.ts'
import type { RuntimeKind } from './runtime-kind.ts'

/** What blank isolates differ by. */
export interface IsolateKind {
  readonly memoryMb: number
  readonly runtime: RuntimeKind
  /** Modules and globals of Node's that its function names: evaluated in a spare ahead of need. */
  readonly nodeNames: readonly string[]
}

/** What instances are made of and told apart by: one per version of a function. */
export interface PoolKey extends IsolateKind {
  /** The function's name, for those who watch. */
  readonly name: string
  readonly program: CompiledProgram
  /** Instances it may have at once. */
  readonly concurrency: number
}
