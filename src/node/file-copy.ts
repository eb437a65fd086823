import type { ByteText, FileNode } from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import type { FileTree } from './file-tree.ts'
import { OPEN, type OpenFiles } from './open-files.ts'
import { makeDirectory, setPermissions, setTimes, symlink, unlink } from './tree-changes.ts'

const EXCLUSIVE = 1
const CLONE_OR_FAIL = 4
const PIECE_BYTES = 64 * 1024

/** Copies one file as libuv does: content and permissions. Where it fails, the target is gone, even if it was there before. */
export function copyFile(tree: FileTree, open: OpenFiles, from: ByteText, to: ByteText, mode: number): void {
  const source = tree.find(from, true)
  const isExclusive = (mode & EXCLUSIVE) !== 0
  // A folder is refused where the target is opened, whatever that is.
  const mayBeSame = source.kind !== 'directory' && !isExclusive && !to.endsWith('/')
  if (mayBeSame && tree.place(to, 'followed').node === source) return
  const flags = OPEN.writeOnly | OPEN.create | (isExclusive ? OPEN.exclusive : 0)
  const target = open.open(to, flags, source.permissions)
  try {
    if (source.kind === 'directory') throw new FileProblem('EISDIR')
    if ((mode & CLONE_OR_FAIL) !== 0) throw new FileProblem('ENOTSUP')
    open.truncate(target, 0)
    setPermissions(open.node(target), source.permissions)
    copyContent(source, open, target)
  } catch (error) {
    unlink(tree, to)
    throw error
  } finally {
    open.close(target)
  }
}

function copyContent(source: FileNode, open: OpenFiles, target: number): void {
  if (source.kind !== 'file') throw new FileProblem('EINVAL')
  const piece = new Uint8Array(PIECE_BYTES)
  for (let at = 0; at < source.sizeBytes; ) {
    const count = source.read(piece, at)
    for (let done = 0; done < count; ) {
      done += open.write(target, piece.subarray(done, count), at + done)
    }
    at += count
  }
}

export interface CopyFolderOptions {
  readonly force: boolean
  readonly dereference: boolean
  readonly errorOnExist: boolean
  readonly verbatimSymlinks: boolean
  readonly preserveTimestamps: boolean
  readonly mode: number
  /** Told of what is there already, where that is an error. */
  readonly refuseExisting: (path: ByteText) => Error
}

/** Copies a folder's files, folders and links into another, which is made. */
export function copyFolder(
  tree: FileTree,
  open: OpenFiles,
  from: ByteText,
  to: ByteText,
  options: CopyFolderOptions,
): void {
  makeFolders(tree, to)
  for (const [name] of tree.list(from)) {
    const source = `${from}/${name}`
    const target = `${to}/${name}`
    const node = tree.find(source, options.dereference)
    if (node.kind === 'directory') copyFolder(tree, open, source, target, options)
    else if (node.kind === 'link') copyLink(tree, source, target, node.target, options)
    else copyInto(tree, open, source, target, options)
  }
  if (options.preserveTimestamps) copyTimes(tree, from, to)
}

function copyInto(
  tree: FileTree,
  open: OpenFiles,
  from: ByteText,
  to: ByteText,
  options: CopyFolderOptions,
): void {
  const existing = tree.place(to, 'named').node
  if (existing !== undefined && !options.force) {
    if (options.errorOnExist) throw options.refuseExisting(to)
    return
  }
  copyFile(tree, open, from, to, options.mode)
  if (options.preserveTimestamps) copyTimes(tree, from, to)
}

function copyLink(
  tree: FileTree,
  from: ByteText,
  to: ByteText,
  target: ByteText,
  { force, errorOnExist, verbatimSymlinks, refuseExisting }: CopyFolderOptions,
): void {
  if (tree.place(to, 'named').node !== undefined) {
    if (!force) {
      if (errorOnExist) throw refuseExisting(to)
      return
    }
    unlink(tree, to)
  }
  const isRelative = target[0] !== '/'
  symlink(tree, isRelative && !verbatimSymlinks ? normalized(`${folderOf(from)}/${target}`) : target, to)
}

export function copyTimes(tree: FileTree, from: ByteText, to: ByteText): void {
  const { accessed, modified } = tree.find(from, true).times
  setTimes(tree.find(to, true), accessed, modified)
}

/** Makes what is missing of a path as C++'s library does it for Node: a link that leads nowhere is in the way. */
export function makeFolders(tree: FileTree, path: ByteText): void {
  if (nodeOrNone(tree, path, true) !== undefined) return
  makeFolders(tree, folderOf(path))
  makeDirectory(tree, path, 0o777)
}

/** None where a name is missing, or one on the way is no folder; other problems are told. */
export function nodeOrNone(tree: FileTree, path: ByteText, isFollowed: boolean): FileNode | undefined {
  try {
    return tree.find(path, isFollowed)
  } catch (error) {
    const code = error instanceof FileProblem ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

export function folderOf(path: ByteText): ByteText {
  const at = path.lastIndexOf('/')
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at)
}

/** Without `.`, `..` and doubled slashes, as path.resolve has it. */
function normalized(path: ByteText): ByteText {
  const kept: ByteText[] = []
  for (const part of path.split('/')) {
    if (part === '..') kept.pop()
    else if (part !== '' && part !== '.') kept.push(part)
  }
  return `/${kept.join('/')}`
}
