import { posix } from 'node:path'
import { type EntryKind, openSourceTree, type SourceTree } from './source-tree.ts'

const MOUNT = '/node_modules'

/** A function's own files, with the node_modules of a folder elsewhere. Links in there lead no further than the folder. */
export function mountPackages(own: SourceTree, folder: string): SourceTree {
  return new PackagedTree(own, openSourceTree(folder))
}

class PackagedTree implements SourceTree {
  readonly #own: SourceTree
  readonly #packages: SourceTree

  constructor(own: SourceTree, packages: SourceTree) {
    this.#own = own
    this.#packages = packages
  }

  kindOf(path: string): EntryKind | undefined {
    return this.#at(path).kindOf(path)
  }

  list(path: string): readonly string[] {
    const names = this.#at(path).list(path)
    return posix.normalize(path) === '/' ? [...new Set([...names, MOUNT.slice(1)])].sort() : names
  }

  placeOf(path: string): string {
    return this.#at(path).placeOf(path)
  }

  isLink(path: string): boolean {
    return this.#at(path).isLink(path)
  }

  readText(path: string): string {
    return this.#at(path).readText(path)
  }

  readBytes(path: string): Uint8Array {
    return this.#at(path).readBytes(path)
  }

  #at(path: string): SourceTree {
    const plain = posix.normalize(path)
    return plain === MOUNT || plain.startsWith(`${MOUNT}/`) ? this.#packages : this.#own
  }
}
