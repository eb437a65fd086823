import { LIMITS } from '../limits.ts'
import type { BufferType } from './byte-text.ts'
import { FileCalls, type FileRequest, USE_PROMISES } from './file-calls.ts'
import { FileTurns } from './file-turns.ts'
import { makeChanges } from './fs-changes.ts'
import { makeCopies } from './fs-copies.ts'
import { makeDescriptors } from './fs-descriptors.ts'
import { makeDirectories, makeDirectoryHandles } from './fs-directories.ts'
import { makeLooks } from './fs-looks.ts'
import { makeWholeFiles } from './fs-whole-files.ts'
import { notOffered } from './not-offered.ts'
import { askForOwnFiles } from './own-files-host.ts'
import type { Binding, Realm } from './realm.ts'

/** Numbers of which Node makes one Stats. */
const STATS_FIELDS = 18

/** One file system for each instance. */
const systems = new WeakMap<Realm, FileCalls>()

/** The files of the function whose realm it is. */
export function fileCalls(realm: Realm): FileCalls {
  let calls = systems.get(realm)
  if (calls === undefined) {
    calls = makeFileCalls(realm)
    systems.set(realm, calls)
  }
  return calls
}

function makeFileCalls(realm: Realm): FileCalls {
  const { environment } = realm
  const turns = new FileTurns({
    queueMicrotask: environment.queueMicrotask,
    setTimeout: (callback, delayMs) => environment.setTimeout(callback, delayMs),
    report: environment.report,
    keepContext: callback => inContext(realm, callback),
    onInvocationEnd: environment.onInvocationEnd,
  })
  const calls = new FileCalls({
    host: askForOwnFiles(environment.askHost),
    limits: {
      // Told with the first invocation; the library may have been evaluated before.
      get bytes() {
        return environment.memoryBytes() * LIMITS.tmpMemoryShare
      },
      entries: LIMITS.tmpEntries,
    },
    openFiles: LIMITS.openFiles,
    buffer: () => realm.load('buffer').Buffer as BufferType,
    workingDirectory: () => `${(environment.process.cwd as () => unknown)()}`,
    tell: makeTell(realm),
    later: turns.later,
  })
  environment.onInvocationEnd(() => calls.tree.forgetContent())
  environment.onProcessStart(() => calls.tree.begin())
  return calls
}

/** What `AsyncLocalStorage` holds where a file is asked for, it holds in the callback. */
function inContext(realm: Realm, callback: () => void): () => void {
  const frames = realm.binding('async_context_frame')
  const frame = frames.getContinuationPreservedEmbedderData()
  if (frame === undefined) return callback
  return () => {
    const before = frames.getContinuationPreservedEmbedderData()
    frames.setContinuationPreservedEmbedderData(frame)
    try {
      callback()
    } finally {
      frames.setContinuationPreservedEmbedderData(before)
    }
  }
}

/** What is written to the process's output and errors goes where `process.stdout` and `process.stderr` lead. */
function makeTell(realm: Realm): (descriptor: number, bytes: Uint8Array) => void {
  const decoders: Record<number, { write(bytes: Uint8Array): string }> = {}
  return (descriptor, bytes) => {
    const decoder = decoders[descriptor] ?? new (realm.load('string_decoder').StringDecoder)('utf8')
    decoders[descriptor] = decoder
    const text = decoder.write(bytes)
    const { stdout, stderr } = realm.environment.process as Record<string, { write(text: string): unknown }>
    ;(descriptor === 1 ? stdout : stderr)?.write(text)
  }
}

/** Node's `fs`: its own JavaScript does the rest. */
export function makeFsBinding(realm: Realm): Binding {
  const calls = fileCalls(realm)
  return {
    kUsePromises: USE_PROMISES,
    kFsStatsFieldsNumber: STATS_FIELDS,
    statValues: new Float64Array(2 * STATS_FIELDS),
    bigintStatValues: new BigInt64Array(2 * STATS_FIELDS),
    FSReqCallback: FileRequestCallback,
    StatWatcher: makeWatcher('fs.watchFile'),
    ...makeLooks(calls),
    ...makeChanges(calls),
    ...makeDescriptors(calls),
    ...makeDirectories(calls),
    ...makeWholeFiles(calls),
    ...makeCopies(calls, realm),
  }
}

export function makeFsDirBinding(realm: Realm): Binding {
  return makeDirectoryHandles(fileCalls(realm))
}

export function makeFsEventBinding(): Binding {
  return { FSEvent: makeWatcher('fs.watch') }
}

/** What a call is answered through: Node's code sets `oncomplete`. */
class FileRequestCallback implements FileRequest {
  #isCancelled = false
  #complete: FileRequest['oncomplete'] | undefined

  get oncomplete(): FileRequest['oncomplete'] {
    return this.#deliver
  }

  set oncomplete(complete: FileRequest['oncomplete']) {
    this.#complete = complete
  }

  cancel(): void {
    this.#isCancelled = true
  }

  getAsyncId(): number {
    return 0
  }

  readonly #deliver = (error: unknown, ...results: unknown[]): void => {
    if (!this.#isCancelled && this.#complete !== undefined) {
      Reflect.apply(this.#complete, this, [error, ...results])
    }
  }
}

function makeWatcher(name: string): unknown {
  return class Watcher {
    start(): never {
      throw notOffered(name, 'nobody but the function itself changes its files. Read the file again instead')
    }

    close(): void {}
    ref(): void {}
    unref(): void {}

    getAsyncId(): number {
      return 0
    }

    get initialized(): boolean {
      return false
    }
  }
}
