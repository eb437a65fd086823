import { ValueError } from '../errors.ts'
import type { Handlers } from './capability.ts'
import type { FunctionFiles } from './function-files.ts'

type FilesOp = Extract<keyof typeof import('../protocol/calls.ts').OPS, `files.${string}`>

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
