import type { Asker, FileCalls, GivenPath } from './file-calls.ts'
import { FileProblem } from './file-problem.ts'
import { timeOfSeconds } from './file-time.ts'
import type { Binding } from './realm.ts'
import {
  link,
  makeDirectories,
  makeDirectory,
  removeAll,
  removeDirectory,
  rename,
  setOwner,
  setPermissions,
  setTimes,
  symlink,
  unlink,
} from './tree-changes.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const TEMPORARY_LETTERS = 6
const { floor, random } = Math

/** Calls that change what there is by path. */
export function makeChanges(calls: FileCalls): Binding {
  return { ...makeNamings(calls), ...makeAttributes(calls) }
}

function makeNamings(calls: FileCalls): Binding {
  const { tree, names } = calls
  return {
    mkdir: (path: GivenPath, mode: number, isRecursive: boolean, asker: Asker) =>
      calls.run(asker, { syscall: 'mkdir', path }, () => {
        if (!isRecursive) return makeDirectory(tree, names.encode(path), mode)
        const first = makeDirectories(tree, names.encode(path), mode)
        return first === undefined ? undefined : names.show(first)
      }),
    mkdtemp: (prefix: GivenPath, encoding: unknown, asker: Asker) => {
      const shown = `${names.show(names.encode(prefix))}XXXXXX`
      return calls.run(asker, { syscall: 'mkdtemp', path: shown }, () => {
        for (;;) {
          const path = names.encode(prefix) + randomLetters()
          if (makeNew(path)) return names.give(path, encoding)
        }
      })
    },
    rmdir: (path: GivenPath, asker: Asker) =>
      calls.run(asker, { syscall: 'rmdir', path }, () => removeDirectory(tree, names.encode(path))),
    rmSync: (path: GivenPath, _maxRetries: number, isRecursive: boolean) =>
      calls.runNow({ syscall: 'rm', path }, () => {
        if (isGone(names.encode(path))) return
        if (isRecursive) removeAll(tree, names.encode(path))
        else unlink(tree, names.encode(path))
      }),
    unlink: (path: GivenPath, asker: Asker) =>
      calls.run(asker, { syscall: 'unlink', path }, () => unlink(tree, names.encode(path))),
    rename: (path: GivenPath, dest: GivenPath, asker: Asker) =>
      calls.run(asker, { syscall: 'rename', path, dest }, () =>
        rename(tree, names.encode(path), names.encode(dest)),
      ),
    link: (path: GivenPath, dest: GivenPath, asker: Asker) =>
      calls.run(asker, { syscall: 'link', path, dest }, () =>
        link(tree, names.encode(path), names.encode(dest)),
      ),
    symlink: (path: GivenPath, dest: GivenPath, _type: number, asker: Asker) =>
      calls.run(asker, { syscall: 'symlink', path, dest }, () =>
        symlink(tree, names.encode(path), names.encode(dest)),
      ),
  }

  /** What is gone need not be removed. */
  function isGone(path: string): boolean {
    try {
      return tree.place(path, 'named').node === undefined
    } catch (error) {
      if (error instanceof FileProblem && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return true
      throw error
    }
  }

  function makeNew(path: string): boolean {
    try {
      makeDirectory(tree, path, 0o700)
      return true
    } catch (error) {
      if (error instanceof FileProblem && error.code === 'EEXIST') return false
      throw error
    }
  }
}

function makeAttributes(calls: FileCalls): Binding {
  const { tree, names, open } = calls
  const at = (path: GivenPath, isFollowed = true) => tree.find(names.encode(path), isFollowed)
  return {
    chmod: (path: GivenPath, mode: number, asker: Asker) =>
      calls.run(asker, { syscall: 'chmod', path }, () => setPermissions(at(path), mode)),
    fchmod: (descriptor: number, mode: number, asker: Asker) =>
      calls.run(asker, { syscall: 'fchmod' }, () => setPermissions(open.node(descriptor), mode)),
    chown: (path: GivenPath, owner: number, group: number, asker: Asker) =>
      calls.run(asker, { syscall: 'chown', path }, () => setOwner(at(path), owner, group)),
    lchown: (path: GivenPath, owner: number, group: number, asker: Asker) =>
      calls.run(asker, { syscall: 'lchown', path }, () => setOwner(at(path, false), owner, group)),
    fchown: (descriptor: number, owner: number, group: number, asker: Asker) =>
      calls.run(asker, { syscall: 'fchown' }, () => setOwner(open.node(descriptor), owner, group)),
    utimes: (path: GivenPath, accessed: number, modified: number, asker: Asker) =>
      calls.run(asker, { syscall: 'utime', path }, () =>
        setTimes(at(path), timeOfSeconds(accessed), timeOfSeconds(modified)),
      ),
    lutimes: (path: GivenPath, accessed: number, modified: number, asker: Asker) =>
      calls.run(asker, { syscall: 'lutime', path }, () =>
        setTimes(at(path, false), timeOfSeconds(accessed), timeOfSeconds(modified)),
      ),
    futimes: (descriptor: number, accessed: number, modified: number, asker: Asker) =>
      calls.run(asker, { syscall: 'futime' }, () =>
        setTimes(open.node(descriptor), timeOfSeconds(accessed), timeOfSeconds(modified)),
      ),
  }
}

function randomLetters(): string {
  let text = ''
  for (let count = 0; count < TEMPORARY_LETTERS; count++) text += LETTERS[floor(random() * LETTERS.length)]
  return text
}
