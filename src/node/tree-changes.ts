import {
  type ByteText,
  type Directory,
  type FileNode,
  MemoryDirectory,
  MemoryFile,
  MemoryLink,
} from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import { type FileTime, touch } from './file-time.ts'
import type { FileTree } from './file-tree.ts'
import type { Place } from './path-walk.ts'

/** Taken from the permissions of what is made, as processes have it nearly everywhere. */
const UMASK = 0o022

/** For a file that an open call makes. */
export function permissionsFor(mode: number): number {
  return mode & 0o7777 & ~UMASK
}

export function makeDirectory(tree: FileTree, path: ByteText, mode: number): void {
  const { parent, name } = newPlace(tree.place(path, 'named'), true)
  parent.put(name, new MemoryDirectory(parent.volume, permissionsFor(mode), parent, name))
}

/** What is missing of a path, from the outside in, as Node does it. Returns the first that was made, as written. */
export function makeDirectories(tree: FileTree, path: ByteText, mode: number): ByteText | undefined {
  const paths = [path]
  let first: ByteText | undefined
  for (let next = paths.pop(); next !== undefined; next = paths.pop()) {
    const code = tryMakeDirectory(tree, next, mode)
    if (code === undefined) first ??= next
    else if (code === 'ENOENT' && next.lastIndexOf('/') > 0) {
      paths.push(next, next.slice(0, next.lastIndexOf('/')))
    } else if (code === 'ENOSPC' || code === 'ENOTDIR' || code === 'ENOENT') throw new FileProblem(code)
    else if (tree.find(next, true).kind !== 'directory') {
      throw new FileProblem(code === 'EEXIST' && paths.length > 0 ? 'ENOTDIR' : 'EEXIST')
    } else if (code !== 'EEXIST') throw new FileProblem(code)
  }
  return first
}

function tryMakeDirectory(tree: FileTree, path: ByteText, mode: number): FileProblem['code'] | undefined {
  try {
    makeDirectory(tree, path, mode)
    return undefined
  } catch (error) {
    if (error instanceof FileProblem) return error.code
    throw error
  }
}

export function removeDirectory(tree: FileTree, path: ByteText): void {
  const place = tree.place(path, 'named')
  if (place.end === 'dot') throw new FileProblem('EINVAL')
  if (place.end === 'dotdot') throw new FileProblem('ENOTEMPTY')
  if (place.end === 'root') throw new FileProblem('EBUSY')
  const parent = writable(place.parent)
  const { node } = place
  if (node === undefined) throw new FileProblem('ENOENT')
  if (node.kind !== 'directory') throw new FileProblem('ENOTDIR')
  const directory = node as MemoryDirectory
  if (!directory.isEmpty) throw new FileProblem('ENOTEMPTY')
  parent.take(place.name)
  directory.remove()
}

export function unlink(tree: FileTree, path: ByteText): void {
  const place = tree.place(path, 'named')
  if (place.end !== 'name') throw new FileProblem('EISDIR')
  const parent = writable(place.parent)
  const { node, isSlashed } = place
  if (node === undefined) throw new FileProblem('ENOENT')
  if (node.kind === 'directory') throw new FileProblem('EISDIR')
  if (isSlashed) throw new FileProblem('ENOTDIR')
  parent.take(place.name)
  letGo(node)
}

function letGo(node: FileNode): void {
  if (node instanceof MemoryFile || node instanceof MemoryLink) node.unlink()
}

export function rename(tree: FileTree, from: ByteText, to: ByteText): void {
  const old = tree.place(from, 'named')
  const next = tree.place(to, 'named')
  if (old.parent.volume !== next.parent.volume) throw new FileProblem('EXDEV')
  if (old.end !== 'name' || next.end !== 'name') throw new FileProblem('EBUSY')
  const parent = writable(old.parent)
  const target = writable(next.parent)
  const node = old.node
  if (node === undefined) throw new FileProblem('ENOENT')
  if (node.kind !== 'directory' && (old.isSlashed || next.isSlashed)) throw new FileProblem('ENOTDIR')
  if (node.kind === 'directory' && isWithin(target, node)) throw new FileProblem('EINVAL')
  const replaced = next.node
  if (replaced === node) return
  if (replaced !== undefined) checkReplaced(node, replaced, parent)
  parent.take(old.name)
  if (replaced?.kind === 'directory') {
    target.take(next.name)
    ;(replaced as MemoryDirectory).remove()
  } else if (replaced !== undefined) letGo(replaced)
  target.put(next.name, node)
  touch(node.times, false)
}

function checkReplaced(node: FileNode, replaced: FileNode, parent: Directory): void {
  // The old place lies in what would be replaced: that is not empty.
  if (replaced.kind === 'directory' && isWithin(parent, replaced)) throw new FileProblem('ENOTEMPTY')
  if (node.kind === 'directory') {
    if (replaced.kind !== 'directory') throw new FileProblem('ENOTDIR')
    if (!(replaced as MemoryDirectory).isEmpty) throw new FileProblem('ENOTEMPTY')
  } else if (replaced.kind === 'directory') throw new FileProblem('EISDIR')
}

function isWithin(directory: Directory, above: Directory): boolean {
  let folder: Directory | undefined = directory
  while (folder !== undefined && folder !== above && folder.parent !== folder) folder = folder.parent
  return folder === above
}

/** A second name for a file. */
export function link(tree: FileTree, existing: ByteText, path: ByteText): void {
  const node = tree.find(existing, false)
  const place = tree.place(path, 'named')
  const { parent, name } = newPlace(place, false)
  if (node.volume !== parent.volume) throw new FileProblem('EXDEV')
  if (node.kind === 'directory') throw new FileProblem('EPERM')
  node.linkCount++
  touch(node.times, false)
  parent.put(name, node)
}

export function symlink(tree: FileTree, target: ByteText, path: ByteText): void {
  if (target === '') throw new FileProblem('ENOENT')
  if (target.length >= 4096) throw new FileProblem('ENAMETOOLONG')
  const { parent, name } = newPlace(tree.place(path, 'named'), false)
  parent.put(name, new MemoryLink(parent.volume, target))
}

export function setPermissions(node: FileNode, mode: number): void {
  changeable(node).permissions = mode & 0o7777
  touch(node.times, false)
}

/** -1 leaves one as it is. */
export function setOwner(node: FileNode, owner: number, group: number): void {
  const changed = changeable(node)
  if (owner !== -1 && owner !== 2 ** 32 - 1) changed.owner = owner
  if (group !== -1 && group !== 2 ** 32 - 1) changed.group = group
  touch(node.times, false)
}

export function setTimes(node: FileNode, accessed: FileTime, modified: FileTime): void {
  const { times } = changeable(node)
  touch(times, false)
  times.accessed = accessed
  times.modified = modified
}

export function truncate(node: FileNode, sizeBytes: number): void {
  if (node.kind !== 'file') throw new FileProblem('EINVAL')
  ;(changeable(node) as MemoryFile).truncate(sizeBytes)
}

/** A directory with all that is in it, or a file. */
export function removeAll(tree: FileTree, path: ByteText): void {
  const { node, parent, end } = tree.place(path, 'named')
  if (node === undefined) throw new FileProblem('ENOENT')
  writable(parent)
  if (node.kind !== 'directory') {
    unlink(tree, path)
    return
  }
  if (end === 'name') emptyDirectory(node as MemoryDirectory)
  removeDirectory(tree, path)
}

/** However deep what is in it lies. */
function emptyDirectory(directory: MemoryDirectory): void {
  const open = [{ folder: directory, rest: directory.list() }]
  for (let top = open[0]; top !== undefined; top = open[open.length - 1]) {
    const { folder, rest } = top
    const [name = ''] = rest.pop() ?? []
    const child = folder.find(name)
    if (child?.kind === 'directory') {
      open.push({ folder: child as MemoryDirectory, rest: child.list() })
    } else if (child !== undefined) {
      folder.take(name)
      letGo(child)
    } else {
      open.pop()
      if (folder === directory) return
      ;(folder.parent as MemoryDirectory).take(folder.name)
      folder.remove()
    }
  }
}

/** Where a new name is to be. Throws EEXIST, EROFS; ENOENT for a name with a slash behind it that is no directory's. */
function newPlace(
  place: Place,
  isDirectory: boolean,
): { readonly parent: MemoryDirectory; readonly name: ByteText } {
  if (place.node !== undefined) throw new FileProblem('EEXIST')
  const parent = writable(place.parent)
  if (place.isSlashed && !isDirectory) throw new FileProblem('ENOENT')
  return { parent, name: place.name }
}

export function writable(directory: Directory): MemoryDirectory {
  if (directory.volume.isReadOnly) throw new FileProblem('EROFS')
  return directory as MemoryDirectory
}

function changeable(node: FileNode): FileNode {
  if (node.volume.isReadOnly) throw new FileProblem('EROFS')
  return node
}
