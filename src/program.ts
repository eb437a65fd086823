import type { CodeCache } from './code-cache.ts'
import { DeployError } from './errors.ts'
import { type CompiledProgram, Compiler, codeOf, type SyntaxProblem } from './isolate/compile.ts'
import type { RuntimeKind } from './isolate/snapshot.ts'
import type { ModuleGraph, SourceModule } from './module-graph.ts'
import { GUEST_ROOT, START } from './protocol/bridge.ts'

/**
 * Turns a function's files into the one script its instances load, compiled once with V8's code cache.
 * With a cache, what was compiled before is taken from there. Each file starts on a line of its own, so that a place in the script is a place in the file.
 *
 * @throws {DeployError} with file, line and column when a file that the entry requires does not parse.
 */
export async function buildProgram(
  functionName: string,
  graph: ModuleGraph,
  runtime: RuntimeKind,
  cache: CodeCache | undefined,
): Promise<CompiledProgram> {
  // Only programs without a problem are kept, so what is found has been checked.
  const faultless = writeProgram(graph, new Map())
  await cache?.prepare(runtime)
  const kept = await cache?.read(faultless)
  const compiler = new Compiler(runtime)
  try {
    const restored = kept === undefined ? undefined : await compiler.restoreProgram(faultless, kept)
    if (restored !== undefined) return restored
    const problems = kept === undefined ? await findProblems(compiler, graph) : new Map()
    refuseReached(functionName, graph, problems)
    const program = await compiler.compileProgram(
      problems.size === 0 ? faultless : writeProgram(graph, problems),
    )
    const code = codeOf(program)
    if (problems.size === 0 && code !== undefined) await cache?.write(faultless, code)
    return program
  } finally {
    compiler.close()
  }
}

async function findProblems(compiler: Compiler, graph: ModuleGraph): Promise<Map<string, SyntaxProblem>> {
  const problems = new Map<string, SyntaxProblem>()
  for (const module of graph.modules) {
    if (module.kind !== 'script') continue
    const problem = await compiler.findSyntaxProblem(module.path, scriptText(module))
    if (problem !== undefined) problems.set(module.path, problem)
  }
  return problems
}

function refuseReached(
  functionName: string,
  graph: ModuleGraph,
  problems: ReadonlyMap<string, SyntaxProblem>,
): void {
  for (const module of graph.modules) {
    const problem = problems.get(module.path)
    if (problem === undefined || !module.isOwnAndReached) continue
    const file = module.path.slice(1)
    const { line, column } = problem
    throw new DeployError(functionName, `${describeProblem(file, problem)}`, {
      file,
      ...(line === undefined ? undefined : { line }),
      ...(column === undefined ? undefined : { column }),
    })
  }
}

function describeProblem(file: string, { message, line, column }: SyntaxProblem): string {
  const isModule = /\b(?:import|export|module)\b/.test(message)
  const hint = isModule ? ' Functions are CommonJS: use require(…) and exports.main = ….' : ''
  const at = line === undefined ? file : `${file}:${line}:${column}`
  return `${at}: SyntaxError: ${message}.${hint}`
}

function writeProgram(graph: ModuleGraph, problems: ReadonlyMap<string, SyntaxProblem>): string {
  const writer = new Writer()
  writer.write(`${START}({"entry":${JSON.stringify(GUEST_ROOT + graph.entry)},"modules":[\n`)
  for (const module of graph.modules) writeModule(writer, module, problems.get(module.path))
  writer.write(
    `],"resolutions":${JSON.stringify(resolutionsOf(graph))},"lines":${JSON.stringify(writer.lines)}})`,
  )
  return writer.text
}

function writeModule(writer: Writer, module: SourceModule, problem: SyntaxProblem | undefined): void {
  const path = GUEST_ROOT + module.path
  if (module.kind === 'json') {
    writer.write(`[${JSON.stringify(path)},{"json":${JSON.stringify(module.text)}}],\n`)
  } else if (problem !== undefined) {
    const syntaxError = describeProblem(path, problem)
    writer.write(`[${JSON.stringify(path)},{"syntaxError":${JSON.stringify(syntaxError)}}],\n`)
  } else {
    writer.write(`[${JSON.stringify(path)},function(exports,require,module,__filename,__dirname){\n`)
    writer.startModule(path)
    writer.write(`${scriptText(module)}\n}],\n`)
  }
}

/** A `#!` line is no JavaScript inside a function; a byte order mark is none anywhere but at the start. */
function scriptText({ text }: SourceModule): string {
  return text.replace(/^\uFEFF/, '').replace(/^#!/, '//')
}

function resolutionsOf(graph: ModuleGraph): Record<string, Record<string, string>> {
  const table: Record<string, Record<string, string>> = {}
  for (const { path, resolutions } of graph.modules) {
    if (resolutions.size === 0) continue
    const entries = [...resolutions].map(([specifier, target]) => [specifier, GUEST_ROOT + target])
    table[GUEST_ROOT + path] = Object.fromEntries(entries)
  }
  return table
}

/** Collects the script's text and counts its lines as V8 does. */
class Writer {
  readonly #parts: string[] = []
  readonly lines: [line: number, path: string][] = []
  #line = 1

  get text(): string {
    return this.#parts.join('')
  }

  write(text: string): void {
    this.#parts.push(text)
    this.#line += text.match(/\r\n|[\n\r\u2028\u2029]/g)?.length ?? 0
  }

  startModule(path: string): void {
    this.lines.push([this.#line, path])
  }
}
