import type { FileCalls, GivenPath } from './file-calls.ts'
import { FileProblem } from './file-problem.ts'
import type { Binding } from './realm.ts'

/** Read at a time where nobody knows how much there is. */
const UNKNOWN_BYTES = 64 * 1024
const OPEN_MODE = 0o666

/** Calls that open a file, read or write the whole of it, and close it. */
export function makeWholeFiles(calls: FileCalls): Binding {
  const { names } = calls
  return {
    readFileUtf8: (path: GivenPath | number, flags: number) => {
      if (typeof path === 'number') {
        return calls.runNow({ syscall: 'read' }, () => names.text(readOpen(calls, path)))
      }
      return calls.runNow({ syscall: 'open', path }, () =>
        names.text(withFile(calls, path, flags, OPEN_MODE, descriptor => readOpen(calls, descriptor))),
      )
    },
    writeFileUtf8: (path: GivenPath | number, text: string, flags: number, mode: number) => {
      const bytes = names.bytes(text, 'utf8')
      if (typeof path === 'number') {
        calls.runNow({ syscall: 'write' }, () => writeOpen(calls, path, bytes))
      } else {
        calls.runNow({ syscall: 'open', path }, () =>
          withFile(calls, path, flags, mode, descriptor => writeOpen(calls, descriptor, bytes)),
        )
      }
    },
    ReadFileJob: makeReadFileJob(calls),
    WriteFileJob: makeWriteFileJob(calls),
  }
}

/** What a file holds; undefined for what is none, or can't be read. */
export function readWholeFile(calls: FileCalls, path: GivenPath): Uint8Array | undefined {
  try {
    return withFile(calls, path, 0, OPEN_MODE, descriptor => readOpen(calls, descriptor))
  } catch (error) {
    if (error instanceof FileProblem) return undefined
    throw error
  }
}

type ReadDone = (error: unknown, bytes?: Uint8Array, descriptor?: number, sizeBytes?: number) => void

/** Reads a file up to a size; a larger one it gives back open. */
function makeReadFileJob(calls: FileCalls): unknown {
  return class ReadFileJob {
    readonly #flags: number
    readonly #limitBytes: number
    ondone: ReadDone | undefined

    constructor(_path: GivenPath, flags: number, limitBytes: number) {
      this.#flags = flags
      this.#limitBytes = limitBytes
    }

    run(path: GivenPath): void {
      const { open, names } = calls
      let found: { readonly bytes?: Uint8Array; readonly descriptor: number; readonly sizeBytes: number }
      try {
        const descriptor = calls.runNow({ syscall: 'open', path }, () =>
          open.open(names.encode(path), this.#flags, OPEN_MODE),
        )
        const { kind, sizeBytes } = open.node(descriptor)
        if (kind === 'file' && sizeBytes > this.#limitBytes) found = { descriptor, sizeBytes }
        else {
          const bytes = calls.runNow({ syscall: 'read', path }, () =>
            closing(calls, descriptor, () => readOpen(calls, descriptor)),
          )
          found = { bytes: names.buffer(bytes), descriptor: -1, sizeBytes: bytes.length }
        }
      } catch (error) {
        calls.later(() => this.ondone?.(error))
        return
      }
      const { bytes, descriptor, sizeBytes } = found
      calls.later(() => this.ondone?.(null, bytes, descriptor, sizeBytes))
    }
  }
}

function makeWriteFileJob(calls: FileCalls): unknown {
  return class WriteFileJob {
    readonly #flags: number
    readonly #mode: number
    readonly #data: ArrayBufferView
    ondone: ((error: unknown) => void) | undefined

    constructor(_path: GivenPath, flags: number, mode: number, data: ArrayBufferView) {
      this.#flags = flags
      this.#mode = mode
      this.#data = data
    }

    run(path: GivenPath): void {
      const { buffer, byteOffset, byteLength } = this.#data
      const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
      let problem: unknown = null
      try {
        calls.runNow({ syscall: 'open', path }, () =>
          withFile(calls, path, this.#flags, this.#mode, descriptor => writeOpen(calls, descriptor, bytes)),
        )
      } catch (error) {
        problem = error
      }
      calls.later(() => this.ondone?.(problem))
    }
  }
}

function withFile<Result>(
  calls: FileCalls,
  path: GivenPath,
  flags: number,
  mode: number,
  use: (descriptor: number) => Result,
): Result {
  const descriptor = calls.open.open(calls.names.encode(path), flags, mode)
  return closing(calls, descriptor, () => use(descriptor))
}

function closing<Result>({ open }: FileCalls, descriptor: number, use: () => Result): Result {
  try {
    return use()
  } finally {
    open.close(descriptor)
  }
}

/** From where the descriptor is to the end. */
function readOpen({ open }: FileCalls, descriptor: number): Uint8Array {
  const parts: Uint8Array[] = []
  let total = 0
  const { kind, sizeBytes } = open.node(descriptor)
  let wanted = kind === 'file' && sizeBytes > 0 ? sizeBytes : UNKNOWN_BYTES
  for (;;) {
    const bytes = new Uint8Array(wanted)
    const count = named('read', () => open.read(descriptor, bytes, undefined))
    if (count === wanted && total === 0 && count === sizeBytes) return bytes
    if (count === 0) return concat(parts, total)
    parts.push(bytes.subarray(0, count))
    total += count
    wanted = UNKNOWN_BYTES
  }
}

function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const all = new Uint8Array(total)
  let at = 0
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Uint8Array
    all.set(part, at)
    at += part.length
  }
  return all
}

function writeOpen({ open }: FileCalls, descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += named('write', () => open.write(descriptor, bytes.subarray(done), undefined))
  }
}

/** A problem of another call than the one the program made is told without its path. */
function named<Result>(syscall: string, call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error
    const { code, hint } = error
    throw new FileProblem(code, hint === undefined ? { syscall } : { syscall, hint })
  }
}
