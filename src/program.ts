import type { CodeCache } from './code-cache.ts'
import { CloudletError, DeployError, IsolateCrashedError } from './errors.ts'
import type { CompiledProgram, ProgramCompiler, SyntaxProblem } from './isolate/compile.ts'
import type { RuntimeKind } from './isolate/runtime-kind.ts'
import { prepareSnapshot } from './isolate/snapshot.ts'
import type { ModuleGraph, SourceModule } from './modules/graph.ts'
import { type LinkProblem, linkModules, type ModuleLinks } from './modules/links.ts'
import { bodyOf, describeProblem, type ModuleProblem, ProgramWriter } from './modules/program-text.ts'
import { locateIndex } from './modules/source-map.ts'
import { findPlace } from './protocol/places.ts'

/**
 * Turns a function's files into the one script its instances load, compiled once with V8's code cache.
 * With a cache, what was compiled before is taken from there. Each file starts on a line of its own, so that a place
 * in the script is a place in the file, or in what was made of it.
 *
 * @throws {DeployError} with file, line and column when a file that the entry requires does not parse, or imports
 *   what another doesn't export; when compiling takes too long or too much memory, or ends
 *   its process; and when there is no process to make isolates' startup snapshot.
 */
export async function buildProgram(
  functionName: string,
  graph: ModuleGraph,
  runtime: RuntimeKind,
  cache: CodeCache | undefined,
  openCompiler: (runtime: RuntimeKind) => ProgramCompiler,
): Promise<CompiledProgram> {
  const links = await linkModules(graph)
  const known = knownProblems(graph, links)
  refuseReached(functionName, graph, known)
  // Only programs in which V8 finds no problem are kept, so what is found has been checked.
  const faultless = new ProgramWriter(graph, links, known).write()
  await prepareIsolates(functionName, runtime, cache)
  const kept = await cache?.read(faultless.source)
  const compiler = openCompiler(runtime)
  try {
    return await compile()
  } catch (error) {
    // What is wrong with the cells, or with the host, is no fault of the function's.
    if (error instanceof CloudletError && !(error instanceof IsolateCrashedError)) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new DeployError(functionName, `Function "${functionName}" can't be compiled: ${why}.`, {
      cause: error,
    })
  } finally {
    compiler.close()
  }

  async function compile(): Promise<CompiledProgram> {
    const restored = kept === undefined ? undefined : await compiler.restoreProgram(faultless, kept)
    if (restored !== undefined) return restored
    const found = kept === undefined ? await findProblems(compiler, graph, links, known) : new Map()
    refuseReached(functionName, graph, found)
    const written =
      found.size === 0 ? faultless : new ProgramWriter(graph, links, new Map([...known, ...found])).write()
    const program = await compiler.compileProgram(written)
    if (found.size === 0 && program.code !== undefined) await cache?.write(faultless.source, program.code)
    return program
  }
}

async function prepareIsolates(
  functionName: string,
  runtime: RuntimeKind,
  cache: CodeCache | undefined,
): Promise<void> {
  try {
    await (cache?.prepare(runtime) ?? prepareSnapshot(runtime))
  } catch (cause) {
    const why = (cause as Error).message
    throw new DeployError(functionName, `Function "${functionName}" can't be deployed: ${why}`, { cause })
  }
}

/** What conversion and linking found. */
function knownProblems(graph: ModuleGraph, links: ModuleLinks | undefined): Map<string, ModuleProblem> {
  const problems = new Map<string, ModuleProblem>()
  for (const module of graph.modules) {
    const { path, conversion } = module
    if (conversion?.kind === 'problem') problems.set(path, { name: 'SyntaxError', ...conversion.problem })
    const unlinked = links?.problems.get(path)
    if (unlinked !== undefined) problems.set(path, placeLinkProblem(module, unlinked))
  }
  return problems
}

function placeLinkProblem({ conversion, path }: SourceModule, problem: LinkProblem): ModuleProblem {
  const { name, code, message, start } = problem
  const place = conversion?.kind === 'es' ? locateIndex(conversion.code.code, conversion.code.map, start) : {}
  return { name, code, message, file: path, ...place }
}

async function findProblems(
  compiler: ProgramCompiler,
  graph: ModuleGraph,
  links: ModuleLinks | undefined,
  known: ReadonlyMap<string, ModuleProblem>,
): Promise<Map<string, ModuleProblem>> {
  const problems = new Map<string, ModuleProblem>()
  for (const module of graph.modules) {
    if (module.kind !== 'script' || known.has(module.path)) continue
    const body = bodyOf(module, links)
    const problem = await compiler.findSyntaxProblem(module.path, body.text, body)
    if (problem === undefined) continue
    problems.set(module.path, {
      name: 'SyntaxError',
      ...placeProblem(problem, body.linesBefore, new ProgramWriter(graph, links, known).placesOf(module)),
    })
  }
  return problems
}

function placeProblem(
  problem: SyntaxProblem,
  linesBefore: number,
  places: ReturnType<ProgramWriter['placesOf']>,
): SyntaxProblem {
  if (problem.line === undefined) return problem
  const line = problem.line - linesBefore
  const place =
    places === undefined ? undefined : findPlace(places.text, places.part, line, problem.column ?? 1)
  return place === undefined ? { ...problem, line } : { ...problem, line: place.line, column: place.column }
}

function refuseReached(
  functionName: string,
  graph: ModuleGraph,
  problems: ReadonlyMap<string, ModuleProblem>,
): void {
  for (const module of graph.modules) {
    const problem = problems.get(module.path)
    if (problem === undefined || !module.isOwnAndReached) continue
    const file = module.path.slice(1)
    const { line, column } = problem
    throw new DeployError(functionName, describeProblem(file, problem), {
      file,
      ...(line === undefined ? undefined : { line }),
      ...(column === undefined ? undefined : { column }),
    })
  }
}
