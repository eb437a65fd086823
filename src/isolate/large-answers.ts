import { LIMITS } from '../limits.ts'

/** Ops whose answers may be large, with the bytes each is counted with. Most files are smaller than the largest. */
const ANSWER_BYTES: ReadonlyMap<string, number> = new Map([
  ['storage.download', LIMITS.uploadChunkBytes],
  ['storage.readChunk', LIMITS.uploadChunkBytes],
  ['zlib.write', LIMITS.zlibPieceBytes],
])

/** Ops that answer as many bytes as this field of their arguments says. */
const SIZE_FIELDS: ReadonlyMap<string, string> = new Map([
  ['crypto.random', 'size'],
  ['crypto.derive', 'size'],
  ['crypto.hash', 'outputLength'],
])

/** Answers below this are not counted. */
const SMALL_BYTES = 4096

/** What the answer to a call is counted with; 0 for all that is small, or says nothing of its size. `args` is a guest's. */
export function answerBytes(op: string, args: unknown): number {
  const bytes = ANSWER_BYTES.get(op)
  const field = SIZE_FIELDS.get(op)
  if (bytes !== undefined || field === undefined) return bytes ?? 0
  const size = (args as Readonly<Record<string, unknown>> | null)?.[field]
  return typeof size === 'number' && size >= SMALL_BYTES ? Math.min(size, LIMITS.cryptoOutputBytes) : 0
}

/**
 * The calls of one invocation whose answers are large. They run as its thread takes the answers: what is made ahead of
 * that waits in memory, and all of it would cross at once, at the expense of everybody else's turn.
 */
export class LargeAnswers {
  /** Of those under way, and of answers that have not crossed. */
  #bytes = 0
  readonly #waiting: { readonly bytes: number; run(): void }[] = []

  /** Runs a call, now or when there is room; one at least runs, however large its answer is. */
  run(bytes: number, run: () => void): void {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) this.#start(bytes, run)
    else this.#waiting.push({ bytes, run })
  }

  /** An answer has crossed. */
  taken(bytes: number): void {
    this.#bytes -= bytes
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#hasRoom(next.bytes);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#start(next.bytes, next.run)
    }
  }

  /** Those that wait never run. */
  end(): void {
    this.#waiting.length = 0
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= LIMITS.hostLargeAnswerBytes
  }

  #start(bytes: number, run: () => void): void {
    this.#bytes += bytes
    run()
  }
}
