import { LIMITS } from '../limits.ts'
import type { NodeEnvironment } from './environment.ts'
import type { OwnFilesHost } from './own-files.ts'

/** Asks the host for the function's own files, the thread waiting. Throws what the host refuses an op with. */
export function askForOwnFiles(askHost: NodeEnvironment['askHost']): OwnFilesHost {
  return {
    sliceBytes: LIMITS.fileSliceBytes,
    look: path => askHost('files.look', { path }),
    list: path => {
      const { state, entries } = askHost('files.list', { path })
      return state === 'missing' ? 'missing' : entries.map(({ name, kind }) => [name, kind] as const)
    },
    read: (path, offset, length) => {
      const answer = askHost('files.read', { path, offset, length })
      return answer.state === 'file' ? answer.content : answer.state
    },
  }
}
