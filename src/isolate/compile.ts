import type { SourceLocation } from '../errors.ts'
import { PROGRAM_SCRIPT } from '../protocol/bridge.ts'
import {
  type CompiledScript,
  ExternalCopy,
  Isolate,
  type NativeContext,
  type NativeIsolate,
  type NativeReference,
} from './ivm.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { runtimeSnapshot } from './snapshot.ts'

/** Heap for parsing. Parsing needs a small multiple of the source, which deployments bound. */
const COMPILER_MEMORY_MB = 512
const WRAPPER_TAIL = '\n})'

/** A program's script, and the places its code was made from, if it was made (protocol/places.ts). */
export interface ProgramSource {
  readonly source: string
  readonly places?: string
}

/** A deployment's program script with V8's code cache for it: compiled once, loaded by every instance. */
export interface CompiledProgram extends ProgramSource {
  readonly code?: Uint8Array
}

/** What a text is the body of. */
export interface FunctionKind {
  readonly parameters: readonly string[]
  readonly isAsync: boolean
}

type FunctionConstructorReference = NativeReference<(...parameters: string[]) => unknown>

export interface SyntaxProblem extends SourceLocation {
  readonly message: string
}

/** Whatever compiles programs, here or in another process. */
export interface ProgramCompiler {
  compileProgram(program: ProgramSource): Promise<CompiledProgram>
  restoreProgram(program: ProgramSource, code: Uint8Array): Promise<CompiledProgram | undefined>
  findSyntaxProblem(path: string, source: string, kind: FunctionKind): Promise<SyntaxProblem | undefined>
  close(): void
}

/**
 * Compiles without running anything, in an isolate of its own, so that neither the memory nor a crash of
 * parsing hostile source is another function's.
 */
export class Compiler implements ProgramCompiler {
  readonly #isolate: NativeIsolate
  #context: NativeContext | undefined
  readonly #constructors = new Map<boolean, FunctionConstructorReference>()

  /** Instances take V8's code only from an isolate of the same snapshot (native-notes/snapshot.md). */
  constructor(runtime: RuntimeKind) {
    this.#isolate = new Isolate({ memoryLimit: COMPILER_MEMORY_MB, snapshot: runtimeSnapshot(runtime) })
  }

  /** @throws the compiler's SyntaxError when the program as a whole does not parse. */
  async compileProgram(program: ProgramSource): Promise<CompiledProgram> {
    const script: CompiledScript = await this.#isolate.compileScript(program.source, {
      filename: PROGRAM_SCRIPT,
      produceCachedData: true,
    })
    script.release()
    const { cachedData } = script
    return cachedData === undefined ? program : { ...program, code: new Uint8Array(cachedData.copy()) }
  }

  /** A program with the code that was kept of it; undefined when V8 refuses that. */
  async restoreProgram(program: ProgramSource, code: Uint8Array): Promise<CompiledProgram | undefined> {
    // A copy: a Buffer's own memory, and what its slice() gives, may begin before it.
    const cachedData = new ExternalCopy(new Uint8Array(code).buffer as ArrayBuffer)
    const script: CompiledScript = await this.#isolate.compileScript(program.source, {
      filename: PROGRAM_SCRIPT,
      cachedData,
    })
    script.release()
    return script.cachedDataRejected === true ? undefined : { ...program, code }
  }

  /**
   * Whether one file parses as the body of such a function, by itself; if not, what is wrong and where, with lines and
   * columns from 1. A file that only parses together with the wrapper around it is no module: its text would end the
   * wrapper and stand beside it.
   */
  async findSyntaxProblem(
    path: string,
    source: string,
    kind: FunctionKind,
  ): Promise<SyntaxProblem | undefined> {
    const refusal = await this.#parseBody(source, kind)
    if (refusal === undefined) return undefined
    return (await this.#locateProblem(path, source, kind)) ?? { message: refusal, file: path }
  }

  close(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose()
  }

  /** The Function constructor parses a body alone, as the language demands; it runs nothing. */
  async #parseBody(source: string, { parameters, isAsync }: FunctionKind): Promise<string | undefined> {
    const construct = await this.#constructorFor(isAsync)
    try {
      const made = await construct.apply(undefined, [...parameters, `${source}\n`], {
        result: { reference: true },
      })
      made.release()
      return undefined
    } catch (error) {
      if (!(error instanceof Error) || this.#isolate.isDisposed) throw error
      return error.message
    }
  }

  async #constructorFor(isAsync: boolean): Promise<FunctionConstructorReference> {
    this.#context ??= await this.#isolate.createContext()
    let construct = this.#constructors.get(isAsync)
    if (construct === undefined) {
      const text = isAsync ? '(async () => {}).constructor' : 'Function'
      construct = (await this.#context.eval(text, { reference: true })) as FunctionConstructorReference
      this.#constructors.set(isAsync, construct)
    }
    return construct
  }

  /** The constructor's errors don't say where; those of a script do. */
  async #locateProblem(
    path: string,
    source: string,
    { parameters, isAsync }: FunctionKind,
  ): Promise<SyntaxProblem | undefined> {
    const head = `(${isAsync ? 'async ' : ''}function (${parameters.join(', ')}) {`
    try {
      const script = await this.#isolate.compileScript(head + source + WRAPPER_TAIL, {
        filename: path,
        columnOffset: -head.length,
      })
      script.release()
      return undefined
    } catch (error) {
      if (!(error instanceof Error) || this.#isolate.isDisposed) throw error
      return locate(error.message, path, source)
    }
  }
}

const LOCATED = /^(?<message>[\s\S]*) \[(?<file>.*):(?<line>\d+):(?<column>\d+)\]$/

/** isolated-vm writes the place at the end of the message: `Unexpected token ')' [index.js:3:5]`. */
function locate(text: string, path: string, source: string): SyntaxProblem {
  const found = LOCATED.exec(text)?.groups
  if (found === undefined) return { message: text, file: path }
  const lines = source.split('\n')
  const line = Number(found.line)
  // A file that ends too early is noticed in the wrapper's tail, past its last line.
  if (line > lines.length) {
    const column = (lines.at(-1) ?? '').length + 1
    return { message: 'Unexpected end of input', file: path, line: lines.length, column }
  }
  return { message: String(found.message), file: path, line, column: Number(found.column) }
}
