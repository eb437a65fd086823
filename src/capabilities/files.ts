import { ValueError } from '../errors.ts'
import type { OpResult } from '../protocol/calls.ts'
import type { Handlers } from './capability.ts'

type FilesOp = Extract<keyof typeof import('../protocol/calls.ts').OPS, `files.${string}`>

/**
 * The files of one deployment, by path within the function's folder. What a path leads to outside of it does not
 * exist; neither do links, which are what they lead to.
 */
export interface FunctionFiles {
  look(path: string): Promise<OpResult<'files.look'>>
  list(path: string): Promise<OpResult<'files.list'>>
  read(path: string, offset: number, length: number): Promise<OpResult<'files.read'>>
}

/** A function's own files, for itself. */
export function filesHandlers(): Handlers<FilesOp> {
  return {
    'files.look': ({ path }, { files }) => filesOf(files).look(path),
    'files.list': ({ path }, { files }) => filesOf(files).list(path),
    'files.read': ({ path, offset, length }, { files }) => filesOf(files).read(path, offset, length),
  }
}

function filesOf(files: FunctionFiles | undefined): FunctionFiles {
  if (files === undefined) throw new ValueError('files', 'Only functions have files of their own.')
  return files
}
