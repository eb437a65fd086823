import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { Failure } from '../protocol/calls-shapes.ts'
import type { ZlibSetup } from '../protocol/calls-zlib.ts'
import type { CryptoHost, View } from './crypto-host.ts'
import type { Realm } from './realm.ts'

type Request = OpArgs<'zlib.write'>
type Result = OpResult<'zlib.write'>

const BROTLI_DECODE = 8
const BROTLI_FINISH = 2
const Z_FINISH = 4
const none = new Uint8Array()

export interface ZlibTools {
  readonly realm: Realm
  readonly host: CryptoHost
}

/**
 * A compression as Node's zlib module drives it: it gives input and a window for the output, and comes back with
 * another window as long as the last one was filled. The host answers larger pieces than windows are; the rest of a
 * piece waits here.
 */
export class ZlibHandle {
  declare onerror: (message: string, errno: number, code: string) => void
  readonly #tools: ZlibTools
  #setup: ZlibSetup
  #dictionary: Uint8Array = none
  #state: Uint32Array = new Uint32Array(2)
  #callback: () => void = () => {}
  #id: string | undefined
  /** Output that has not been given out. */
  #rest: Uint8Array = none
  #failure: Failure | undefined
  /** Whether the host has more of it. */
  #hasMore = false
  /** Whether the next call only asks for what is left of this one. */
  #goesOn = false
  #hasEnded = false
  #unused = 0
  #isWriting = false
  #isCloseDue = false

  constructor(tools: ZlibTools, mode: number) {
    this.#tools = tools
    this.#setup = { mode, hasDictionary: false, chunkSize: 16 * 1024 }
  }

  protected start(
    setup: Partial<ZlibSetup>,
    state: Uint32Array,
    callback: () => void,
    dictionary: View | undefined,
    isTried: boolean,
  ): void {
    const { host } = this.#tools
    this.#setup = { ...this.#setup, ...setup, hasDictionary: dictionary !== undefined }
    this.#dictionary = dictionary === undefined ? none : host.copy(dictionary)
    this.#state = state
    this.#callback = callback
    if (!isTried) return
    const { failure, id } = this.#tools.realm.environment.askHost('zlib.write', this.#request(0, none, true))
    if (failure !== undefined) throw host.error(failure)
    this.#id = id
  }

  writeSync(
    flush: number,
    input: View | null,
    inputStart: number,
    inputSize: number,
    output: Uint8Array,
    outputStart: number,
    outputSize: number,
  ): void {
    const request = this.#begin(flush, input, inputStart, inputSize, outputSize)
    if (request !== undefined) this.#take(this.#tools.realm.environment.askHost('zlib.write', request))
    while (this.#rest.length < outputSize && this.#hasMore) {
      this.#take(this.#tools.realm.environment.askHost('zlib.write', this.#nextPiece()))
    }
    this.#give(output, outputStart, outputSize, inputSize)
  }

  write(
    flush: number,
    input: View | null,
    inputStart: number,
    inputSize: number,
    output: Uint8Array,
    outputStart: number,
    outputSize: number,
  ): void {
    const { callHost, report } = this.#tools.realm.environment
    this.#isWriting = true
    const run = async (): Promise<void> => {
      const request = this.#begin(flush, input, inputStart, inputSize, outputSize)
      if (request !== undefined) this.#take(await callHost('zlib.write', request))
      while (this.#rest.length < outputSize && this.#hasMore) {
        this.#take(await callHost('zlib.write', this.#nextPiece()))
      }
    }
    const settle = (tell: () => void): void => {
      this.#isWriting = false
      tell()
      // What was told may have begun the next.
      if (this.#isCloseDue && !this.#isWriting) this.close()
    }
    const done = (): void => {
      if (this.#give(output, outputStart, outputSize, inputSize)) this.#callback()
    }
    run()
      .then(
        () => settle(done),
        (error: Error & { code?: string }) =>
          settle(() => this.onerror(error.message, -1, error.code ?? 'Z_ERRNO')),
      )
      .catch(report)
  }

  params(level: number, strategy: number): void {
    this.#setup = { ...this.#setup, level, strategy }
    if (this.#id === undefined) return
    const { failure } = this.#tools.realm.environment.askHost('zlib.params', {
      id: this.#id,
      level,
      strategy,
    })
    if (failure !== undefined) this.#fail(failure)
  }

  reset(): void {
    this.close()
    this.#rest = none
    this.#failure = undefined
    this.#hasEnded = false
    this.#goesOn = false
    this.#unused = 0
  }

  /** A write that is under way comes to its end before, as in Node: somebody waits for it. */
  close(): void {
    this.#isCloseDue = this.#isWriting
    if (this.#isCloseDue) return
    const id = this.#id
    this.#id = undefined
    this.#hasMore = false
    if (id === undefined) return
    // Where the invocation is over the host has closed it already.
    this.#tools.realm.environment.callInBackground('zlib.close', { id }).catch(() => {})
  }

  /** What to ask for a new write, if the host is needed. */
  #begin(
    flush: number,
    input: View | null,
    start: number,
    size: number,
    outputSize: number,
  ): Request | undefined {
    const { host } = this.#tools
    if (this.#goesOn) {
      this.#goesOn = false
      return undefined
    }
    if (this.#hasEnded) {
      this.#unused = size
      return undefined
    }
    this.#unused = 0
    if (size === 0 && flush === 0) return undefined
    if (this.#id === undefined) this.#setup = { ...this.#setup, chunkSize: Math.max(64, outputSize) }
    const bytes = input === null || size === 0 ? none : host.part(host.bytes(input), start, start + size)
    const finish = this.#setup.mode >= BROTLI_DECODE ? BROTLI_FINISH : Z_FINISH
    return this.#request(flush, bytes, flush !== finish)
  }

  #request(flush: number, bytes: Uint8Array, keep: boolean): Request {
    const { host } = this.#tools
    if (this.#id === undefined) {
      return { create: this.#setup, flush, keep, ...host.join([this.#dictionary, bytes]) }
    }
    return { id: this.#id, flush, keep, ...host.join([bytes]) }
  }

  #nextPiece(): Request {
    return { id: this.#id as string, keep: true, ...this.#tools.host.join([none]) }
  }

  #take({ content = none, failure, id, more = false, unused = 0 }: Result): void {
    const { host } = this.#tools
    this.#rest = this.#rest.length === 0 ? content : host.join([this.#rest, content]).content
    this.#failure = failure
    this.#hasMore = more
    this.#unused = unused
    if (id === undefined) this.#hasEnded = true
    this.#id = id
  }

  /** Fills a window and tells Node's module what is left of it and of the input; false after an error. */
  #give(output: Uint8Array, start: number, size: number, inputSize: number): boolean {
    const { host, realm } = this.#tools
    const given = Math.min(size, this.#rest.length)
    if (this.#failure !== undefined && this.#rest.length < size) {
      this.#fail(this.#failure)
      return false
    }
    realm.primordials.TypedArrayPrototypeSet(output, host.part(this.#rest, 0, given), start)
    this.#rest = host.part(this.#rest, given)
    this.#goesOn = given === size
    this.#state[0] = size - given
    this.#state[1] = this.#goesOn ? 0 : Math.min(this.#unused, Math.max(inputSize, this.#unused))
    return true
  }

  #fail({ fields, message }: Failure): void {
    this.#id = undefined
    this.#rest = none
    this.#failure = undefined
    this.onerror(message, Number(fields.errno ?? -1), String(fields.code ?? 'Z_ERRNO'))
  }
}
