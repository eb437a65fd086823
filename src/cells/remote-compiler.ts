import { IsolateCrashedError } from '../errors.ts'
import type {
  CompiledProgram,
  FunctionKind,
  ProgramCompiler,
  ProgramSource,
  SyntaxProblem,
} from '../isolate/compile.ts'
import type { RuntimeKind } from '../isolate/runtime-kind.ts'
import type { CompileRequest } from '../protocol/cell.ts'
import { type Cell, DRAIN_MS } from './cell.ts'
import type { CompileAnswer } from './compile-tasks.ts'

/** What one request may take, in milliseconds, before the cell that does it is given up. */
const LIMIT_MS = 60_000
/** A cell may end for other reasons than what is parsed there: in how many, one after the other, it is tried. */
const MAX_CELLS = 2

let compilerCount = 0

/**
 * Compiles in a cell: parsing hostile source is as dangerous as running it.
 *
 * @throws {IsolateCrashedError} when that takes too long, or down the cell; {OverloadedError} when there is none;
 *   {HostClosedError}.
 */
export class RemoteCompiler implements ProgramCompiler {
  readonly #id = ++compilerCount
  readonly #findNext: () => Promise<Cell>
  readonly #runtime: RuntimeKind
  readonly #limitMs: number
  #cell: Cell
  #cellCount = 1

  /** `findNext` finds another cell, should the first be gone. */
  constructor(cell: Cell, findNext: () => Promise<Cell>, runtime: RuntimeKind, limitMs = LIMIT_MS) {
    this.#cell = cell
    this.#findNext = findNext
    this.#runtime = runtime
    this.#limitMs = limitMs
  }

  async compileProgram(program: ProgramSource): Promise<CompiledProgram> {
    const { code } = await this.#ask({ kind: 'program' }, program.source)
    return code === null ? program : { ...program, code }
  }

  async restoreProgram(program: ProgramSource, code: Uint8Array): Promise<CompiledProgram | undefined> {
    const { answer } = await this.#ask({ kind: 'restore' }, program.source, code)
    return answer === 'true' ? { ...program, code } : undefined
  }

  async findSyntaxProblem(
    path: string,
    source: string,
    { parameters, isAsync }: FunctionKind,
  ): Promise<SyntaxProblem | undefined> {
    const { answer } = await this.#ask({ kind: 'check', path, parameters, isAsync }, source)
    return answer === null ? undefined : this.#readProblem(answer, path)
  }

  close(): void {
    this.#cell.post(['closeCompiler', this.#id])
  }

  async #ask(request: CompileRequest, source: string, code?: Uint8Array): Promise<CompileAnswer> {
    for (;;) {
      if (this.#cell.isGoing || this.#cell.isEnded) this.#cell = await this.#findNext()
      const cell = this.#cell
      try {
        return await this.#askCell(cell, request, source, code)
      } catch (error) {
        if (!cell.isEnded || this.#cellCount === MAX_CELLS) throw error
        this.#cellCount++
      }
    }
  }

  async #askCell(
    cell: Cell,
    request: CompileRequest,
    source: string,
    code: Uint8Array | undefined,
  ): Promise<CompileAnswer> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const why = `took more than ${this.#limitMs} ms to parse a function`
      reject(new IsolateCrashedError(`the process that was to parse it ${why}`))
      // Those who run there have nothing to do with it.
      cell.condemn(why, DRAIN_MS)
    }, this.#limitMs)
    try {
      return await Promise.race([this.#post(cell, request, source, code), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #post(cell: Cell, request: CompileRequest, source: string, code?: Uint8Array): Promise<CompileAnswer> {
    cell.supplies.needSnapshot(this.#runtime)
    const task = cell.tasks.add()
    cell.post(['compile', task.id, this.#id, this.#runtime, request, source, code ?? null])
    return task.answer
  }

  /** What a cell says is wrong with a file: text and numbers, and nothing else of it. */
  #readProblem(text: string, path: string): SyntaxProblem {
    let problem: unknown
    try {
      problem = JSON.parse(text)
    } catch (error) {
      const why = `broke the protocol: ${(error as Error).message}`
      this.#cell.kill(why)
      throw new IsolateCrashedError(`the process that was to parse it ${why}`, { cause: error })
    }
    const { message, line, column } = Object(problem) as Partial<SyntaxProblem>
    return {
      message: typeof message === 'string' ? message : 'It does not parse.',
      file: path,
      ...(Number.isSafeInteger(line) && { line: Number(line) }),
      ...(Number.isSafeInteger(column) && { column: Number(column) }),
    }
  }
}
