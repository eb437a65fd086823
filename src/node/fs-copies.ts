import type { Asker, FileCalls, GivenPath } from './file-calls.ts'
import {
  type CopyFolderOptions,
  copyFile,
  copyFolder,
  copyTimes,
  folderOf,
  makeFolders,
  nodeOrNone,
} from './file-copy.ts'
import type { ByteText, FileNode } from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import type { FileTree } from './file-tree.ts'
import type { Binding, Realm } from './realm.ts'
import { unlink } from './tree-changes.ts'

/** Calls that copy. */
export function makeCopies(calls: FileCalls, realm: Pick<Realm, 'load'>): Binding {
  const { tree, open, names } = calls
  const refuseExisting = (path: ByteText): Error => existsError(realm, names.show(path))
  return {
    copyFile: (path: GivenPath, dest: GivenPath, mode: number | undefined, asker: Asker) =>
      calls.run(asker, { syscall: 'copyfile', path, dest }, () =>
        copyFile(tree, open, names.encode(path), names.encode(dest), mode ?? 0),
      ),
    cpSyncCheckPaths: (path: GivenPath, dest: GivenPath, dereference: boolean, isRecursive: boolean) =>
      checkPaths(calls, path, dest, { dereference, isRecursive }),
    cpSyncOverrideFile: (path: GivenPath, dest: GivenPath, mode: number, preserveTimestamps: boolean) =>
      calls.runNow({ syscall: 'cp', path, dest }, () => {
        const [from, to] = [names.encode(path), names.encode(dest)]
        unlink(tree, to)
        copyFile(tree, open, from, to, mode)
        if (preserveTimestamps) copyTimes(tree, from, to)
      }),
    cpSyncCopyDir: (path: GivenPath, dest: GivenPath, ...flags: boolean[]) =>
      calls.runNow({ syscall: 'cp', path, dest }, () =>
        copyFolder(tree, open, names.encode(path), names.encode(dest), optionsOf(flags, 0, refuseExisting)),
      ),
    CpDirJob: makeCopyJob(calls, refuseExisting),
  }
}

function optionsOf(
  flags: readonly boolean[],
  mode: number,
  refuseExisting: CopyFolderOptions['refuseExisting'],
): CopyFolderOptions {
  const [force, dereference, errorOnExist, verbatimSymlinks, preserveTimestamps] = flags.map(Boolean)
  return {
    force: force === true,
    dereference: dereference === true,
    errorOnExist: errorOnExist === true,
    verbatimSymlinks: verbatimSymlinks === true,
    preserveTimestamps: preserveTimestamps === true,
    mode,
    refuseExisting,
  }
}

function makeCopyJob(calls: FileCalls, refuseExisting: CopyFolderOptions['refuseExisting']): unknown {
  return class CpDirJob {
    readonly #copy: () => void
    ondone: ((error: unknown) => void) | undefined

    constructor(path: GivenPath, dest: GivenPath, ...rest: [...boolean[], number]) {
      const { tree, open, names } = calls
      const mode = Number(rest[rest.length - 1] ?? 0)
      const options = optionsOf(rest as boolean[], mode, refuseExisting)
      this.#copy = () =>
        calls.runNow({ syscall: 'cp', path, dest }, () =>
          copyFolder(tree, open, names.encode(path), names.encode(dest), options),
        )
    }

    run(): void {
      let problem: unknown = null
      try {
        this.#copy()
      } catch (error) {
        problem = error
      }
      calls.later(() => this.ondone?.(problem))
    }
  }
}

/** What Node checks natively before it copies, in its words. */
function checkPaths(
  calls: FileCalls,
  path: GivenPath,
  dest: GivenPath,
  { dereference, isRecursive }: { readonly dereference: boolean; readonly isRecursive: boolean },
): void {
  const { tree, names } = calls
  const [from, to] = [names.encode(path), names.encode(dest)]
  const syscall = dereference ? 'stat' : 'lstat'
  // The wrong way round, as in Node: a link that leads nowhere can't be copied as such.
  const source = calls.runNow({ syscall, path }, () => tree.find(from, !dereference))
  const [shownFrom, shownTo] = [names.show(from), names.show(to)]
  const below = shownTo.startsWith(folderName(shownFrom)) ? shownTo.slice(folderName(shownFrom).length) : ''
  const target = calls.runNow({ syscall, path: dest }, () => {
    // Below a file, Node looks at the target; of a folder it says first that the target is below.
    if (source.kind !== 'directory' && below.includes('/')) throw new FileProblem('ENOTDIR')
    return targetOf(tree, to, !dereference, source)
  })
  const refuse = (code: string, message: string): never => {
    throw Object.assign(new Error(message), { code })
  }
  if (target === source) refuse('ERR_FS_CP_EINVAL', `src and dest cannot be the same ${shownTo}`)
  checkKinds(source, target, shownFrom, shownTo, refuse)
  // As Node's own has it: the name with a slash behind it, whatever it is.
  const folder = folderName(shownFrom)
  const refuseInside = (): never =>
    refuse('ERR_FS_CP_EINVAL', `Cannot copy ${folder} to a subdirectory of self ${shownTo}`)
  if (shownTo.startsWith(folder) || isAt(tree, source, folderOf(to))) refuseInside()
  if (source.kind === 'directory') {
    if (!isRecursive) {
      refuse('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${folder}`)
    }
    // Node looks one folder up, and fills the disk where the source is further up.
    if (isInside(tree, source, from, to)) refuseInside()
  }
  makeParent(tree, to)
}

function folderName(shown: string): string {
  return shown.endsWith('/') ? shown : `${shown}/`
}

/** Of a folder's target Node asks no more than whether it is there. */
function targetOf(
  tree: FileTree,
  path: ByteText,
  isFollowed: boolean,
  source: FileNode,
): FileNode | undefined {
  try {
    return nodeOrNone(tree, path, isFollowed)
  } catch (error) {
    if (source.kind === 'directory' && error instanceof FileProblem && error.code === 'ELOOP')
      return undefined
    throw error
  }
}

function checkKinds(
  source: FileNode,
  target: FileNode | undefined,
  from: string,
  to: string,
  refuse: (code: string, message: string) => void,
): void {
  if (target === undefined) return
  const [isFolder, wasFolder] = [source.kind === 'directory', target.kind === 'directory']
  if (isFolder && !wasFolder) {
    refuse('ERR_FS_CP_DIR_TO_NON_DIR', `Cannot overwrite non-directory ${to} with directory ${from}`)
  }
  if (!isFolder && wasFolder) {
    refuse('ERR_FS_CP_NON_DIR_TO_DIR', `Cannot overwrite directory ${to} with non-directory ${from}`)
  }
}

/** Whether a folder above the target is the source, by another name perhaps. */
function isInside(tree: FileTree, source: FileNode, from: ByteText, to: ByteText): boolean {
  const end = folderOf(from)
  let above = folderOf(to)
  for (; above !== end && folderOf(above) !== above; above = folderOf(above)) {
    if (isAt(tree, source, above)) return true
  }
  return false
}

function isAt(tree: FileTree, node: FileNode, path: ByteText): boolean {
  return tree.has(path) && tree.find(path, true) === node
}

/** Makes what is missing of the folders above; where that fails, what comes next says so, as in Node. */
function makeParent(tree: FileTree, path: ByteText): void {
  try {
    makeFolders(tree, folderOf(path))
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error
  }
}

function existsError(realm: Pick<Realm, 'load'>, path: string): Error {
  const { codes } = realm.load('internal/errors')
  return new codes.ERR_FS_CP_EEXIST({
    message: `${path} already exists`,
    path,
    syscall: 'cp',
    errno: 17,
    code: 'EEXIST',
  })
}
