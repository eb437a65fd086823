import type { ByteText, Directory, FileNode } from './file-node.ts'
import { FileProblem } from './file-problem.ts'

/** Linux's own bounds. */
const PATH_BYTES = 4096
const NAME_BYTES = 255
const LINKS = 40

/** Where a path leads. */
export interface Place {
  readonly parent: Directory
  /** Empty where the path has no last name: it ends in `.` or `..`, or is the root. */
  readonly name: ByteText
  readonly node: FileNode | undefined
  readonly end: 'name' | 'dot' | 'dotdot' | 'root'
  /** The path ends in a slash, so it means a directory. */
  readonly isSlashed: boolean
}

/**
 * What a link at a path's end is: followed, followed only where a slash stands behind it, or only where none does (as
 * Linux does where it may make a file), or a name like others.
 */
export type FinalLink = 'followed' | 'kept' | 'made' | 'named'

/**
 * Follows a path, link by link, as Linux does. What it can reach is what hangs below `root`: `..` of the root is the
 * root, and links are followed within.
 *
 * @throws FileProblem ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG. That the last name is missing is no problem here.
 */
export function walkPath(
  root: Directory,
  workingDirectory: ByteText,
  path: ByteText,
  final: FinalLink,
): Place {
  if (path === '') throw new FileProblem('ENOENT')
  if (path.length >= PATH_BYTES) throw new FileProblem('ENAMETOOLONG')
  const isRelative = path[0] !== '/'
  return new Walk(root, isRelative ? `${workingDirectory}/${path}` : path, path).run(final)
}

class Walk {
  readonly #root: Directory
  /** Names still to go, the next one last. */
  readonly #names: ByteText[] = []
  #current: FileNode
  #isSlashed: boolean
  #linkCount = 0
  #end: Place['end'] = 'root'

  constructor(root: Directory, absolute: ByteText, asWritten: ByteText) {
    this.#root = root
    this.#current = root
    this.#isSlashed = asWritten[asWritten.length - 1] === '/'
    this.#push(absolute)
  }

  run(final: FinalLink): Place {
    for (let name = this.#names.pop(); name !== undefined; name = this.#names.pop()) {
      if (this.#current.kind !== 'directory') throw new FileProblem('ENOTDIR')
      const isLast = this.#names.length === 0
      if (name === '.') {
        this.#end = 'dot'
        continue
      }
      if (name === '..') {
        this.#end = 'dotdot'
        this.#current = parentOf(this.#current)
        continue
      }
      if (name.length > NAME_BYTES) throw new FileProblem('ENAMETOOLONG')
      const parent = this.#current
      const node = parent.find(name)
      if (node?.kind === 'link' && (!isLast || this.#isFollowed(final))) {
        this.#follow(node.target, isLast)
        continue
      }
      if (isLast) return { parent, name, node, end: 'name', isSlashed: this.#isSlashed }
      if (node === undefined) throw new FileProblem('ENOENT')
      this.#current = node
    }
    return this.#atDirectory()
  }

  #isFollowed(final: FinalLink): boolean {
    return final === 'followed' || final === (this.#isSlashed ? 'kept' : 'made')
  }

  #follow(target: ByteText, isLast: boolean): void {
    this.#linkCount++
    if (this.#linkCount > LINKS) throw new FileProblem('ELOOP')
    if (target[0] === '/') {
      this.#current = this.#root
      this.#end = 'root'
    }
    if (isLast && target[target.length - 1] === '/') this.#isSlashed = true
    this.#push(target)
  }

  #push(path: ByteText): void {
    const parts = path.split('/')
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index] as ByteText
      if (part !== '') this.#names.push(part)
    }
  }

  #atDirectory(): Place {
    // Ended by `.`, `..` or nothing at all, so it was one before.
    const node = this.#current as Directory
    return { parent: parentOf(node), name: '', node, end: this.#end, isSlashed: this.#isSlashed }
  }
}

/** A directory that was removed while it was looked at has none. */
function parentOf(directory: Directory): Directory {
  if (directory.parent === undefined) throw new FileProblem('ENOENT')
  return directory.parent
}

/** The path of a node that has this name in this directory. */
export function pathOf(parent: Directory, name: ByteText): ByteText {
  let path = name
  for (let folder = parent; folder.parent !== folder; folder = parentOf(folder))
    path = `${folder.name}/${path}`
  return `/${path}`
}
