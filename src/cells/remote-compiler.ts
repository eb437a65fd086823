import type {
  CompiledProgram,
  FunctionKind,
  ProgramCompiler,
  ProgramSource,
  SyntaxProblem,
} from '../isolate/compile.ts'
import type { RuntimeKind } from '../isolate/snapshot.ts'
import type { CompileRequest } from '../protocol/cell.ts'
import type { Cell } from './cell.ts'
import type { CompileAnswer } from './compile-tasks.ts'

/** Parsing a function may take, in milliseconds, before the cell that does it is given up. */
const LIMIT_MS = 60_000

let compilerCount = 0

/** Compiles in a cell: parsing hostile source is as dangerous as running it. */
export class RemoteCompiler implements ProgramCompiler {
  readonly #id = ++compilerCount
  readonly #cell: Cell
  readonly #runtime: RuntimeKind

  constructor(cell: Cell, runtime: RuntimeKind) {
    this.#cell = cell
    this.#runtime = runtime
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
    return answer === null ? undefined : readProblem(answer, path)
  }

  close(): void {
    this.#cell.post(['closeCompiler', this.#id])
  }

  async #ask(request: CompileRequest, source: string, code?: Uint8Array): Promise<CompileAnswer> {
    const { answer } = this.#cell.compile(this.#id, this.#runtime, request, source, code)
    const timer = setTimeout(
      () => this.#cell.kill(`took more than ${LIMIT_MS} ms to parse a function`),
      LIMIT_MS,
    )
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }
}

/** What a cell says is wrong with a file: text and numbers, and nothing else of it. */
function readProblem(text: string, path: string): SyntaxProblem {
  const { message, line, column } = JSON.parse(text) as Partial<SyntaxProblem>
  return {
    message: String(message),
    file: path,
    ...(Number.isSafeInteger(line) && { line: Number(line) }),
    ...(Number.isSafeInteger(column) && { column: Number(column) }),
  }
}
