import { GUEST_ROOT } from '../protocol/bridge.ts'
import {
  type ByteText,
  type Directory,
  type EntryKind,
  type FileNode,
  MemoryDirectory,
  type Volume,
} from './file-node.ts'
import { FileProblem } from './file-problem.ts'
import { timesNow } from './file-time.ts'
import { MemorySpace, type SpaceLimits } from './memory-space.ts'
import { type NameCoding, OwnFiles, type OwnFilesHost } from './own-files.ts'
import { type FinalLink, type Place, pathOf, walkPath } from './path-walk.ts'

const WRITE_ACCESS = 2
const EXECUTE_ACCESS = 1
/** `rwxrwxrwt`, as everywhere. */
const TMP_PERMISSIONS = 0o1777

export interface FileTreeOptions {
  readonly host: OwnFilesHost
  readonly names: NameCoding
  /** Of `/tmp`. */
  readonly limits: SpaceLimits
  /** What relative paths start from. */
  readonly workingDirectory: () => ByteText
}

/**
 * All the files there are for a function: its own, which never change, at `/var/user`, and a `/tmp` in the instance's
 * memory, which goes with it. Nothing of the machine's is in it, so no path can lead there.
 */
export class FileTree {
  readonly space: MemorySpace
  readonly root: Directory
  readonly #own: OwnFiles
  /** Those that are there from the beginning. */
  readonly #folders: readonly Directory[]
  readonly #workingDirectory: () => ByteText

  constructor({ host, names, limits, workingDirectory }: FileTreeOptions) {
    this.space = new MemorySpace(limits)
    this.#workingDirectory = workingDirectory
    const fixed: Volume = { device: 1, isReadOnly: true, space: undefined }
    const root = new MemoryDirectory(fixed, 0o755, undefined, '')
    this.#own = new OwnFiles(host, names, { device: 2, isReadOnly: true, space: undefined })
    const tmp: Volume = { device: 3, isReadOnly: false, space: this.space }
    const folders = [root]
    let folder = root
    const [, ...above] = GUEST_ROOT.split('/')
    const mounted = above.pop() as string
    for (const name of above) {
      const next = new MemoryDirectory(fixed, 0o755, folder, name)
      folder.put(name, next)
      folder = next
      folders.push(folder)
    }
    folder.put(mounted, this.#own.root(folder, mounted))
    const tmpFolder = new MemoryDirectory(tmp, TMP_PERMISSIONS, root, 'tmp')
    folders.push(tmpFolder)
    root.put('tmp', tmpFolder)
    this.#folders = folders
    // It is there before there is anything.
    this.space.giveEntry()
    this.root = root
  }

  /** The function's process begins, and its folders with it: a snapshot, which is older, may hold them. */
  begin(): void {
    for (const { times } of this.#folders) Object.assign(times, timesNow())
  }

  /** Gives up memory that only makes reading on faster. */
  forgetContent(): void {
    this.#own.forgetContent()
  }

  place(path: ByteText, final: FinalLink): Place {
    return walkPath(this.root, this.#workingDirectory(), path, final)
  }

  /** Throws ENOENT, ENOTDIR for what is no directory and has a slash at its end. */
  find(path: ByteText, isFollowed: boolean): FileNode {
    return nodeAt(this.place(path, isFollowed ? 'followed' : 'kept'))
  }

  /** Whether it is there; ELOOP and the like count as not. */
  has(path: ByteText): boolean {
    try {
      this.find(path, true)
      return true
    } catch (error) {
      if (error instanceof FileProblem) return false
      throw error
    }
  }

  /** Functions are their own administrators: only what nobody may do is refused. */
  checkAccess(path: ByteText, mode: number): void {
    const node = this.find(path, true)
    if ((mode & WRITE_ACCESS) !== 0 && node.volume.isReadOnly) throw new FileProblem('EROFS')
    const isExecutable = node.kind === 'directory' || (node.permissions & 0o111) !== 0
    if ((mode & EXECUTE_ACCESS) !== 0 && !isExecutable) throw new FileProblem('EACCES')
  }

  readLink(path: ByteText): ByteText {
    const node = this.find(path, false)
    if (node.kind !== 'link') throw new FileProblem('EINVAL')
    return node.target
  }

  realPath(path: ByteText): ByteText {
    const place = this.place(path, 'followed')
    const node = nodeAt(place)
    if (node.kind !== 'directory') return pathOf(place.parent, place.name)
    return node.parent === node ? '/' : pathOf(node.parent as Directory, node.name)
  }

  list(path: ByteText): (readonly [name: ByteText, kind: EntryKind])[] {
    const node = this.find(path, true)
    if (node.kind !== 'directory') throw new FileProblem('ENOTDIR')
    return node.list()
  }
}

export function nodeAt({ node, isSlashed }: Place): FileNode {
  if (node === undefined) throw new FileProblem('ENOENT')
  if (isSlashed && node.kind !== 'directory') throw new FileProblem('ENOTDIR')
  return node
}
