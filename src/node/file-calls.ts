import { type BufferType, ByteNames } from './byte-text.ts'
import { FileProblem, toSystemError } from './file-problem.ts'
import { FileTree, type FileTreeOptions } from './file-tree.ts'
import { OpenFiles } from './open-files.ts'
import { StandardStream } from './standard-stream.ts'

/** A path as a program gives it. */
export type GivenPath = string | Uint8Array

export interface FileCallsOptions extends Pick<FileTreeOptions, 'host' | 'limits'> {
  readonly buffer: () => BufferType
  readonly workingDirectory: () => string
  /** Descriptors open at once, at most. */
  readonly openFiles: number
  /** Takes what is written to output (1) or errors (2). */
  readonly tell: (descriptor: number, bytes: Uint8Array) => void
  /** Runs a callback later, in a turn of its own; what it throws is an uncaught exception. */
  readonly later: (callback: () => void) => void
}

/** Given in place of a request by who wants a promise. */
export const USE_PROMISES: unique symbol = Symbol('fs_use_promises_symbol')

/** Who wants to be called back. */
export interface FileRequest {
  oncomplete: (error: unknown, ...results: unknown[]) => void
}

/** Node's own gives a plain object to calls of which it makes the error itself. */
export interface ErrorContext {
  errno?: number
  code?: string
  syscall?: string
}

export type Asker = FileRequest | typeof USE_PROMISES | undefined

export interface CallNames {
  readonly syscall: string
  readonly path?: GivenPath
  readonly dest?: GivenPath
}

/** The file system and the three ways to be answered by it: at once, by callback, by promise. */
export class FileCalls {
  readonly tree: FileTree
  readonly open: OpenFiles
  readonly names: ByteNames
  readonly #later: (callback: () => void) => void

  constructor({ buffer, workingDirectory, host, limits, openFiles, tell, later }: FileCallsOptions) {
    this.names = new ByteNames(buffer)
    const encoded = (): string => this.names.encode(workingDirectory())
    this.tree = new FileTree({ host, limits, names: this.names, workingDirectory: encoded })
    const standard = (descriptor: number) => new StandardStream(descriptor, bytes => tell(descriptor, bytes))
    this.open = new OpenFiles(this.tree, openFiles, [standard(0), standard(1), standard(2)])
    this.#later = later
  }

  /**
   * Runs one call at once, whoever asks; who wants to be called back hears of it later. Throws Node's system errors,
   * or gives them.
   */
  run<Result>(asker: Asker, names: CallNames, call: () => Result): Result | Promise<Result> | undefined {
    if (asker === undefined) return this.runNow(names, call)
    if (asker === USE_PROMISES) {
      return new Promise<Result>((resolve, reject) => {
        this.#settle(names, call, resolve, reject)
      })
    }
    this.#settle(
      names,
      call,
      result => {
        if (result === undefined) asker.oncomplete(null)
        else asker.oncomplete(null, result)
      },
      error => asker.oncomplete(error),
    )
    return undefined
  }

  runNow<Result>(names: CallNames, call: () => Result): Result {
    try {
      return call()
    } catch (error) {
      throw this.toError(error, names)
    }
  }

  later(callback: () => void): void {
    this.#later(callback)
  }

  toError(error: unknown, { syscall, path, dest }: CallNames): unknown {
    if (!(error instanceof FileProblem)) return error
    const named = error.syscall
    if (named !== undefined && named !== syscall) return toSystemError(error, named)
    return toSystemError(error, syscall, this.#show(path), this.#show(dest))
  }

  #show(path: GivenPath | undefined): string | undefined {
    if (path === undefined || typeof path === 'string') return path
    return this.names.show(this.names.encode(path))
  }

  #settle<Result>(
    names: CallNames,
    call: () => Result,
    onResult: (result: Result) => void,
    onError: (error: unknown) => void,
  ): void {
    let result: Result
    try {
      result = call()
    } catch (error) {
      const made = this.toError(error, names)
      this.#later(() => onError(made))
      return
    }
    this.#later(() => onResult(result))
  }
}
