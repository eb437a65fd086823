import type { CompiledProgram } from './compile.ts'
import type { IsolateKind } from './isolate.ts'

/** What instances are made of and told apart by: one per version of a function. */
export interface PoolKey extends IsolateKind {
  /** The function's name, for those who watch. */
  readonly name: string
  readonly program: CompiledProgram
  /** Instances it may have at once. */
  readonly concurrency: number
}
