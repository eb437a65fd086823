import {
  type Asker,
  type CallNames,
  type ErrorContext,
  type FileCalls,
  type GivenPath,
  USE_PROMISES,
} from './file-calls.ts'
import { errnoOf, FileProblem } from './file-problem.ts'
import { statsOf } from './file-stats.ts'
import type { Binding } from './realm.ts'

/** Calls that have a file open, or open one. */
export function makeDescriptors(calls: FileCalls): Binding {
  const { open, names } = calls
  const FileHandle = makeFileHandle(calls)
  const openAt = (path: GivenPath, flags: number, mode: number) => open.open(names.encode(path), flags, mode)
  const noEffect = (syscall: string) => (descriptor: number, asker: Asker) =>
    calls.run(asker, { syscall }, () => {
      open.node(descriptor)
    })
  return {
    ...makeReads(calls),
    ...makeWrites(calls),
    open: (path: GivenPath, flags: number, mode: number, asker: Asker) =>
      calls.run(asker, { syscall: 'open', path }, () => openAt(path, flags, mode)),
    openFileHandle: (path: GivenPath, flags: number, mode: number, asker: Asker) =>
      calls.run(asker, { syscall: 'open', path }, () => new FileHandle(openAt(path, flags, mode))),
    close: (descriptor: number, asker: Asker) =>
      calls.run(asker, { syscall: 'close' }, () => open.close(descriptor)),
    fstat: (descriptor: number, isBig: boolean, asker: Asker) =>
      calls.run(asker, { syscall: 'fstat' }, () => statsOf(open.node(descriptor), isBig)),
    ftruncate: (descriptor: number, sizeBytes: number, asker: Asker) =>
      calls.run(asker, { syscall: 'ftruncate' }, () => open.truncate(descriptor, sizeBytes)),
    fsync: noEffect('fsync'),
    fdatasync: noEffect('fdatasync'),
    FileHandle,
  }
}

/** What Node's own FileHandle holds. */
function makeFileHandle(calls: FileCalls): new (descriptor: number) => object {
  return class FileHandle {
    readonly fd: number
    onread: unknown

    constructor(descriptor: number) {
      this.fd = descriptor
    }

    getAsyncId(): number {
      return 0
    }

    close(): unknown {
      return calls.run(USE_PROMISES, { syscall: 'close' }, () => calls.open.close(this.fd))
    }

    closeSync(): void {
      calls.runNow({ syscall: 'close' }, () => calls.open.close(this.fd))
    }

    releaseFD(): number {
      return this.fd
    }
  }
}

function makeReads(calls: FileCalls): Binding {
  const { open } = calls
  return {
    read: (
      descriptor: number,
      view: ArrayBufferView,
      offset: number,
      length: number,
      position: number | bigint,
      asker: Asker,
    ) =>
      calls.run(asker, { syscall: 'read' }, () =>
        open.read(descriptor, bytesOf(view, offset, length), positionOf(position)),
      ),
    readBuffers: (descriptor: number, views: ArrayBufferView[], position: unknown, asker: Asker) =>
      calls.run(asker, { syscall: 'read' }, () =>
        eachView(views, position, (bytes, at) => open.read(descriptor, bytes, at)),
      ),
  }
}

function makeWrites(calls: FileCalls): Binding {
  const { open, names } = calls
  const write = (descriptor: number, bytes: Uint8Array, position: unknown) =>
    open.write(descriptor, bytes, positionOf(position))
  return {
    writeBuffer: (
      descriptor: number,
      view: ArrayBufferView,
      offset: number,
      length: number,
      position: unknown,
      asker: Asker,
      context?: ErrorContext,
    ) =>
      runTold(calls, asker, context, { syscall: 'write' }, () =>
        write(descriptor, bytesOf(view, offset, length), position),
      ),
    writeString: (
      descriptor: number,
      text: string,
      position: unknown,
      encoding: unknown,
      asker: Asker,
      context?: ErrorContext,
    ) =>
      runTold(calls, asker, context, { syscall: 'write' }, () =>
        write(descriptor, names.bytes(text, encoding), position),
      ),
    writeBuffers: (descriptor: number, views: ArrayBufferView[], position: unknown, asker: Asker) =>
      calls.run(asker, { syscall: 'write' }, () =>
        eachView(views, position, (bytes, at) => open.write(descriptor, bytes, at)),
      ),
  }
}

/** With a context, Node's own code makes the error of what it is told there. */
function runTold<Result>(
  calls: FileCalls,
  asker: Asker,
  context: ErrorContext | undefined,
  names: CallNames,
  call: () => Result,
): Result | Promise<Result> | undefined {
  if (context === undefined) return calls.run(asker, names, call)
  try {
    return call()
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error
    context.errno = errnoOf(error.code)
    context.syscall = names.syscall
    context.code = error.code
    return undefined
  }
}

/** One after the other, until one of them is not filled, or written, whole. */
function eachView(
  views: readonly ArrayBufferView[],
  position: unknown,
  move: (bytes: Uint8Array, position: number | undefined) => number,
): number {
  const start = positionOf(position)
  let total = 0
  for (let index = 0; index < views.length; index++) {
    const view = views[index] as ArrayBufferView
    if (view.byteLength === 0) continue
    let count: number
    try {
      count = move(bytesOf(view, 0, view.byteLength), start === undefined ? undefined : start + total)
    } catch (error) {
      // What went before it is done: the next call hears of it.
      if (total > 0 && error instanceof FileProblem) return total
      throw error
    }
    total += count
    if (count < view.byteLength) break
  }
  return total
}

function bytesOf(view: ArrayBufferView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + offset, length)
}

/** Negative numbers, and what is none, mean where the descriptor is. */
function positionOf(position: unknown): number | undefined {
  if (typeof position !== 'number' && typeof position !== 'bigint') return undefined
  return position < 0 ? undefined : Number(position)
}
