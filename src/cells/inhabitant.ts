import type { CompiledProgram } from '../isolate/compile.ts'
import { type GuestWindow, NOBODY } from '../isolate/guest-isolate.ts'
import { BrokenBridge } from '../isolate/incoming.ts'
import { LocalIsolate } from '../isolate/isolate.ts'
import type { IsolateKind } from '../isolate/pool-key.ts'
import { LIMITS } from '../limits.ts'
import { type FromCell, PROBLEM_CHARS, type Problem } from '../protocol/cell.ts'

/**
 * Fresh invocations of quick functions run on the cell's main thread, which serves nobody else: a trip to another
 * thread costs several times as much as they do (native-notes/cells.md). What takes longer than this, in milliseconds,
 * is ended, and runs again on a thread of its own. On a busy machine the main thread may have to wait that long itself.
 */
const QUICK_LIMIT_MS = 60

/** One isolate of a cell: what the host asks of it, and what it has to say. */
export class Inhabitant {
  readonly isolate: LocalIsolate
  readonly #id: number
  readonly #post: (message: FromCell) => void
  #window: GuestWindow | undefined
  /** What is to enter when the program is loaded. */
  #waiting: (() => void)[] | undefined

  constructor(id: number, kind: IsolateKind, post: (message: FromCell) => void) {
    this.#id = id
    this.#post = post
    this.isolate = new LocalIsolate(kind, { quickLimitMs: QUICK_LIMIT_MS })
    this.isolate.listener = {
      ...NOBODY,
      onSent: (text, buffers) => this.#send(text, buffers),
      onLeft: error => this.#leave(error),
      onRejection: error => post(['rejected', id, describe(error)]),
      onDeath: error => post(['died', id, describe(error)[1]]),
    }
  }

  enter(text: string | null, buffers: readonly Uint8Array[], flags: Flags): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push(() => this.enter(text, buffers, flags))
      return
    }
    const isTold = this.isolate.enter({ text: text ?? undefined, buffers, ...flags, mayLinger: false })
    if (!isTold) this.#leave(undefined)
  }

  /** What comes meanwhile enters after it. */
  async load(program: CompiledProgram): Promise<void> {
    const waiting: (() => void)[] = []
    this.#waiting = waiting
    try {
      await this.isolate.load(program)
    } catch (error) {
      this.#post(['died', this.#id, describe(error)[1]])
    }
    this.#waiting = undefined
    for (const enter of waiting) enter()
  }

  open(isReply: boolean, text: string, content: Uint8Array | null): void {
    const answer = isReply
      ? ({ kind: 'reply', valueText: text, ...(content && { content }) } as const)
      : ({ kind: 'refuse', errorText: text } as const)
    this.#window?.open(answer)
  }

  next(): void {
    this.#window?.next()
  }

  async measure(): Promise<void> {
    this.#post(['measured', this.#id, (await this.isolate.measureHeap()) ?? null])
  }

  #leave(error: Error | undefined): void {
    const problem = error === undefined ? null : describe(error)
    this.#post(['left', this.#id, problem, this.isolate.isDisposed, this.isolate.cpuMs])
  }

  /** What the guest's callback was given, as far as it can be said: the host judges it, so what can't is left out. */
  #send(text: unknown, buffers: readonly unknown[]): void {
    const bytes = buffers.map(buffer => (buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : null))
    const shared = buffers.find(buffer => buffer instanceof SharedArrayBuffer)
    const sizeBytes = bytes.reduce((sum, part) => sum + (part?.length ?? 0), 0)
    const isSound =
      typeof text === 'string' &&
      sizeBytes <= LIMITS.cellFrameBytes / 2 &&
      (shared === undefined || this.#takeWindow(shared))
    const sent = isSound ? text.slice(0, LIMITS.crossingChars + 1) : ''
    this.#post(['sent', this.#id, sent, isSound ? bytes : [], this.isolate.cpuMs])
  }

  #takeWindow(shared: SharedArrayBuffer): boolean {
    try {
      this.#window = this.isolate.openWindow(shared)
      return true
    } catch (error) {
      if (error instanceof BrokenBridge) return false
      throw error
    }
  }
}

interface Flags {
  readonly isQuick: boolean
  readonly isFresh: boolean
}

/** Name and message of an error, as much as is told of them. */
export function describe(error: unknown): Problem {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return [String(name).slice(0, PROBLEM_CHARS), String(message).slice(0, PROBLEM_CHARS)]
}
