import { type CompiledProgram, Compiler } from '../isolate/compile.ts'
import { isolateRoom } from '../isolate/memory-maps.ts'
import type { RuntimeKind } from '../isolate/runtime-kind.ts'
import { adoptSnapshot } from '../isolate/snapshot.ts'
import type { CompileRequest, FromCell, ToCell } from '../protocol/cell.ts'
import { describe, Inhabitant } from './inhabitant.ts'

type CompileMessage = Extract<ToCell, readonly ['compile', ...unknown[]]>

/** Everything that lives in a cell, by the numbers the host gave it. */
export class Inhabitants {
  readonly #isolates = new Map<number, Inhabitant>()
  readonly #programs = new Map<number, CompiledProgram>()
  readonly #compilers = new Map<number, Compiler>()
  readonly #post: (message: FromCell) => void

  constructor(post: (message: FromCell) => void) {
    this.#post = post
  }

  /** Does what the host says, in its order. */
  handle(message: ToCell): void {
    switch (message[0]) {
      case 'enter': {
        const [, id, text, buffers, isQuick, isFresh] = message
        this.#isolates.get(id)?.enter(text, buffers, { isQuick, isFresh })
        return
      }
      case 'open':
        this.#isolates.get(message[1])?.open(message[2], message[3], message[4])
        return
      case 'next':
        this.#isolates.get(message[1])?.next()
        return
      case 'make':
        this.#make(message[1], message[5], {
          memoryMb: message[2],
          runtime: message[3],
          nodeNames: message[4],
        })
        return
      case 'load':
        this.#load(message[1], message[2])
        return
      case 'dispose':
        this.#isolates.get(message[1])?.isolate.dispose()
        this.#isolates.delete(message[1])
        return
      case 'measure':
        void this.#isolates.get(message[1])?.measure()
        return
      case 'ping':
        this.#beat()
        return
      default:
        this.#prepare(message)
    }
  }

  #prepare(message: ToCell): void {
    switch (message[0]) {
      case 'configure':
        process.env.TZ = message[1]
        return
      case 'snapshot':
        adoptSnapshot(message[1] as RuntimeKind, message[2])
        return
      case 'program': {
        const [, id, source, code, places] = message
        this.#programs.set(id, { source, ...(code && { code }), ...(places !== null && { places }) })
        return
      }
      case 'forget':
        this.#programs.delete(message[1])
        return
      case 'compile':
        void this.#compile(message)
        return
      case 'closeCompiler':
        this.#compilers.get(message[1])?.close()
        this.#compilers.delete(message[1])
        return
      default:
        throw new Error(`The host sent an unknown message "${message[0]}".`)
    }
  }

  #make(
    id: number,
    isSpare: boolean,
    kind: { memoryMb: number; runtime: string; nodeNames: readonly string[] },
  ): void {
    try {
      const problem = isolateRoom()
      if (problem !== undefined) throw new Error(problem)
      const inhabitant = new Inhabitant(id, { ...kind, runtime: kind.runtime as RuntimeKind }, this.#post)
      this.#isolates.set(id, inhabitant)
      if (isSpare) inhabitant.isolate.preload(() => this.#post(['filled', id]))
    } catch (error) {
      this.#post(['died', id, describe(error)[1]])
    }
  }

  #load(id: number, programId: number): void {
    const inhabitant = this.#isolates.get(id)
    const program = this.#programs.get(programId)
    if (inhabitant === undefined || program === undefined) return
    void inhabitant.load(program)
  }

  #beat(): void {
    const cpuMs: number[] = []
    for (const [id, { isolate }] of this.#isolates) if (isolate.isEntered) cpuMs.push(id, isolate.cpuMs)
    this.#post(['beat', process.memoryUsage.rss(), cpuMs])
  }

  async #compile([, task, id, runtime, request, source, code]: CompileMessage): Promise<void> {
    try {
      let compiler = this.#compilers.get(id)
      if (compiler === undefined) {
        compiler = new Compiler(runtime as RuntimeKind)
        this.#compilers.set(id, compiler)
      }
      this.#post(['compiled', task, ...(await answer(compiler, request, source, code)), null])
    } catch (error) {
      this.#post(['compiled', task, null, null, describe(error)[1]])
    }
  }
}

async function answer(
  compiler: Compiler,
  request: CompileRequest,
  source: string,
  code: Uint8Array | null,
): Promise<[answer: string | null, code: Uint8Array | null]> {
  if (request.kind === 'check') {
    const problem = await compiler.findSyntaxProblem(request.path, source, request)
    return [problem === undefined ? null : JSON.stringify(problem), null]
  }
  const program =
    request.kind === 'program'
      ? await compiler.compileProgram({ source })
      : await compiler.restoreProgram({ source }, code ?? new Uint8Array(0))
  return [JSON.stringify(program !== undefined), (request.kind === 'program' && program?.code) || null]
}
