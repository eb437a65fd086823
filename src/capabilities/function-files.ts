import type { OpResult } from '../protocol/calls.ts'

/**
 * The files of one deployment, by path within the function's folder. What a path leads to outside of it does not
 * exist; neither do links, which are what they lead to.
 */
export interface FunctionFiles {
  look(path: string): Promise<OpResult<'files.look'>>
  list(path: string): Promise<OpResult<'files.list'>>
  read(path: string, offset: number, length: number): Promise<OpResult<'files.read'>>
}
