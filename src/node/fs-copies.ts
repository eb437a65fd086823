import type { Asker, FileCalls, GivenPath } from './file-calls.ts'
import { copyFile, copyFolder, copyTimes, folderOf, type CopyFolderOptions } from './file-copy.ts'
import type { ByteText, FileNode } from './file-node.ts'
import type { Binding, Realm } from './realm.ts'
import { makeDirectories, unlink } from './tree-changes.ts'

/** Calls that copy. */
export function makeCopies(calls: FileCalls, realm: Pick<Realm, 'require'>): Binding {
  const { tree, open, names } = calls
  const refuseExisting = (path: ByteText): Error => existsError(realm, names.show(path))
  return {
    copyFile: (path: GivenPath, dest: GivenPath, mode: number | undefined, asker: Asker) =>
      calls.run(asker, { syscall: 'copyfile', path, dest }, () =>
        copyFile(tree, open, names.encode(path), names.encode(dest), mode ?? 0),
      ),
    cpSyncCheckPaths: (path: GivenPath, dest: GivenPath, dereference: boolean, isRecursive: boolean) =>
      checkPaths(calls, realm, path, dest, { dereference, isRecursive }),
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
  realm: Pick<Realm, 'require'>,
  path: GivenPath,
  dest: GivenPath,
  { dereference, isRecursive }: { readonly dereference: boolean; readonly isRecursive: boolean },
): void {
  const { tree, names } = calls
  const [from, to] = [names.encode(path), names.encode(dest)]
  const syscall = dereference ? 'stat' : 'lstat'
  const source = calls.runNow({ syscall, path }, () => tree.find(from, dereference))
  const target = calls.runNow({ syscall, path: dest }, () => tree.place(to, dereference)).node
  const [shownFrom, shownTo] = [names.show(from), names.show(to)]
  const refuse = (code: string, message: string): never => {
    throw copyError(realm, code, message)
  }
  if (target === source) refuse('ERR_FS_CP_EINVAL', 'src and dest cannot be the same file')
  checkKinds(source, target, shownFrom, shownTo, refuse)
  if (source.kind !== 'directory') return makeParent(calls, to)
  // As Node's own has it: the folder's name with a slash behind it.
  const folder = shownFrom.endsWith('/') ? shownFrom : `${shownFrom}/`
  if (isInside(calls, source, to)) {
    refuse('ERR_FS_CP_EINVAL', `Cannot copy ${folder} to a subdirectory of self ${shownTo}`)
  }
  if (!isRecursive) {
    refuse('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${folder}`)
  }
  makeParent(calls, to)
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

function isInside({ tree }: FileCalls, folder: FileNode, path: ByteText): boolean {
  for (let above = folderOf(path); ; above = folderOf(above)) {
    if (tree.has(above)) {
      let node: FileNode | undefined = tree.find(above, true)
      while (node?.kind === 'directory' && node !== folder && node.parent !== node) node = node.parent
      return node === folder
    }
    if (above === '/' || above === '.') return false
  }
}

function makeParent({ tree }: FileCalls, path: ByteText): void {
  const folder = folderOf(path)
  if (!tree.has(folder)) makeDirectories(tree, folder, 0o777)
}

function copyError(realm: Pick<Realm, 'require'>, code: string, message: string): Error {
  void realm
  return Object.assign(new Error(message), { code })
}

function existsError(realm: Pick<Realm, 'require'>, path: string): Error {
  const { codes } = realm.require('internal/errors')
  return new codes.ERR_FS_CP_EEXIST({
    message: `${path} already exists`,
    path,
    syscall: 'cp',
    errno: 17,
    code: 'EEXIST',
  })
}
