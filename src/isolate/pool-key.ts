import type { CompiledProgram } from './compile.ts'

/** What instances are made of and told apart by: one per version of a function. */
export interface PoolKey {
  /** The function's name, for those who watch. */
  readonly name: string
  readonly program: CompiledProgram
  readonly memoryMb: number
  /** Instances it may have at once. */
  readonly concurrency: number
}
