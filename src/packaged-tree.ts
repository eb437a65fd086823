import { posix } from 'node:path'
import { type DiskPlace, type EntryKind, openSourceTree, type SourceTree } from './source-tree.ts'

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
    return this.#at(path, (tree, plain) => tree.kindOf(plain))
  }

  list(path: string): readonly string[] {
    return this.#at(path, (tree, plain) => {
      const names = tree.list(plain)
      return plain === '/' ? [...new Set([...names, MOUNT.slice(1)])].sort() : names
    })
  }

  placeOf(path: string): string {
    return this.#at(path, (tree, plain) => tree.placeOf(plain))
  }

  isLink(path: string): boolean {
    return this.#at(path, (tree, plain) => tree.isLink(plain))
  }

  readText(path: string): string {
    return this.#at(path, (tree, plain) => tree.readText(plain))
  }

  readBytes(path: string): Uint8Array {
    return this.#at(path, (tree, plain) => tree.readBytes(plain))
  }

  locate(path: string): DiskPlace | undefined {
    return this.#at(path, (tree, plain) => tree.locate(plain))
  }

  #at<Result>(path: string, ask: (tree: SourceTree, plain: string) => Result): Result {
    const plain = posix.normalize(path)
    const isPackage = plain === MOUNT || plain.startsWith(`${MOUNT}/`)
    return ask(isPackage ? this.#packages : this.#own, plain)
  }
}
