import type { Asker, FileCalls, GivenPath } from './file-calls.ts'
import { errnoOf, FileProblem } from './file-problem.ts'
import { statsOf, volumeStatsOf } from './file-stats.ts'
import type { Binding } from './realm.ts'

/** Calls that look at what a path leads to, and change nothing. */
export function makeLooks(calls: FileCalls): Binding {
  const { tree, names } = calls
  const stat =
    (syscall: 'stat' | 'lstat') =>
    (path: GivenPath, isBig: boolean, asker: Asker, throwIfNoEntry?: boolean) =>
      calls.run(asker, { syscall, path }, () => {
        try {
          return statsOf(tree.find(names.encode(path), syscall === 'stat'), isBig)
        } catch (error) {
          if (throwIfNoEntry === false && isMissing(error, syscall)) return undefined
          throw error
        }
      })
  return {
    stat: stat('stat'),
    lstat: stat('lstat'),
    access: (path: GivenPath, mode: number, asker: Asker) =>
      calls.run(asker, { syscall: 'access', path }, () => tree.checkAccess(names.encode(path), mode)),
    existsSync: (path: GivenPath) => tree.has(names.encode(path)),
    /** 0 for a file, 1 for a directory, a negative number for neither. */
    internalModuleStat: (path: GivenPath) => {
      const encoded = names.encode(path)
      if (!tree.has(encoded)) return errnoOf('ENOENT')
      return tree.find(encoded, true).kind === 'directory' ? 1 : 0
    },
    statfs: (path: GivenPath, isBig: boolean, asker: Asker) =>
      calls.run(asker, { syscall: 'statfs', path }, () =>
        volumeStatsOf(tree.find(names.encode(path), true), isBig),
      ),
    readlink: (path: GivenPath, encoding: unknown, asker: Asker) =>
      calls.run(asker, { syscall: 'readlink', path }, () =>
        names.give(tree.readLink(names.encode(path)), encoding),
      ),
    realpath: (path: GivenPath, encoding: unknown, asker: Asker) =>
      calls.run(asker, { syscall: 'realpath', path }, () =>
        names.give(tree.realPath(names.encode(path)), encoding),
      ),
  }
}

/** As `throwIfNoEntry: false` has it in Node, for whose lstat a file in the place of a folder is a problem all the same. */
function isMissing(error: unknown, syscall: 'stat' | 'lstat'): boolean {
  if (!(error instanceof FileProblem)) return false
  return error.code === 'ENOENT' || (error.code === 'ENOTDIR' && syscall === 'stat')
}
