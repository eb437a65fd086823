import type { SyntaxProblem } from '../isolate/compile.ts'
import {
  type DynamicImport,
  type ImportStatement,
  importName,
  type NamePair,
  readClause,
  readSyntax,
  renameDynamicImports,
} from './syntax.ts'
import { replaceFreeNames, type Transpiled } from './transpile.ts'

/** A module that another needs before it runs, in the order of the text. */
export interface Dependency {
  readonly specifier: string
  /** What is imported of it by name, and what is passed on by name. */
  readonly names: readonly string[]
  readonly passedOn: readonly string[]
  /** `export * from` it. */
  readonly isStar: boolean
  /** Of `with { type: … }`. */
  readonly type: string | undefined
  /** Where the statement stands in the transpiled code, by index. */
  readonly start: number
}

/**
 * An ES module as the body of a function: each `import` has become a property of an object that the loader gives, so
 * that bindings stay live, and each `export` a getter that the loader is given before the body runs.
 */
export interface EsModuleText {
  /** What stands for `import` in the body: `import(…)`, `import.meta` and the loader's calls. */
  readonly importName: string
  /** The names of the objects of its dependencies are this and their number. */
  readonly bindingPrefix: string
  readonly body: string
  /** From the body to the file, as JSON. */
  readonly map: string
  readonly dependencies: readonly Dependency[]
  /** Exported name and what it is in the body: an expression. */
  readonly exports: readonly NamePair[]
  /** Constants that stand before the body: names whose objects have names that are no identifiers, and namespaces. */
  readonly constants: readonly NamePair[]
  readonly dynamicSpecifiers: readonly string[]
  readonly hasComputedImport: boolean
  readonly hasTopLevelAwait: boolean
}

/** What `transpile` made with the format `esm`, as the body of a function. */
export async function convertEsModule(
  path: string,
  transpiled: Transpiled,
): Promise<EsModuleText | SyntaxProblem> {
  const { code, map, hasTopLevelAwait } = transpiled
  const syntax = await readSyntax(code)
  if (syntax === undefined)
    return { message: 'The imports and exports of this file can’t be read', file: path }
  const bindingPrefix = prefixFor(code)
  const names = new ImportedNames(bindingPrefix)
  for (const statement of syntax.statements) names.add(statement, code)
  const clause = findExportClause(code, syntax.exportCount)
  const exports = clause.pairs.map(([local, exported]): NamePair => [exported, names.expressionFor(local)])
  const blank = blankOut(code, [...syntax.statements, ...clause.ranges])
  const replaced =
    names.free.size === 0
      ? { code: blank, map }
      : await replaceFreeNames(path, { code: blank, map }, Object.fromEntries(names.free))
  const dynamic = (await readSyntax(replaced.code))?.dynamic ?? []
  const name = importName(replaced.code)
  return {
    importName: name,
    bindingPrefix,
    body: renameDynamicImports(replaced.code, dynamic, name),
    map: replaced.map,
    dependencies: names.dependencies(),
    exports,
    constants: names.constants,
    dynamicSpecifiers: literalsOf(dynamic),
    hasComputedImport: dynamic.some(({ kind, specifier }) => kind === 'import' && specifier === undefined),
    hasTopLevelAwait,
  }
}

function literalsOf(dynamic: readonly DynamicImport[]): string[] {
  return dynamic.flatMap(({ specifier }) => (specifier === undefined ? [] : [specifier]))
}

function prefixFor(code: string): string {
  let prefix = '$im'
  while (code.includes(prefix)) prefix = `$${prefix}`
  return prefix
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u

/** What the names of all import statements of one module mean. */
class ImportedNames {
  /** Local name → the property it stands for. */
  readonly free = new Map<string, string>()
  readonly constants: NamePair[] = []
  readonly #prefix: string
  readonly #origins = new Map<string, { readonly dependency: number; readonly name: string }>()
  readonly #dependencies: { statement: ImportStatement; names: Set<string>; passedOn: Set<string> }[] = []

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  add(statement: ImportStatement, code: string): void {
    const dependency = this.#dependencies.length
    const names = new Set<string>()
    this.#dependencies.push({ statement, names, passedOn: new Set() })
    if (statement.isStar) return
    const text = code.slice(statement.start, statement.end)
    const clause = /^import\s+([\s\S]*?)\s+from\s*"/.exec(text)?.[1]
    if (clause === undefined) return
    const [, single, rest = ''] = /^([^\s{*,]+)?\s*,?\s*([\s\S]*)$/.exec(clause) ?? []
    if (single !== undefined) this.#addName(single, dependency, 'default')
    const space = /^\*\s*as\s+(\S+)$/.exec(rest)?.[1]
    if (space !== undefined) this.constants.push([space, `${this.#prefix}${dependency}`])
    else for (const [imported, local] of readClause(rest)) this.#addName(local, dependency, imported)
  }

  /** What an exported local name is in the body. */
  expressionFor(local: string): string {
    const origin = this.#origins.get(local)
    if (origin === undefined) return local
    this.#dependencies[origin.dependency]?.passedOn.add(origin.name)
    return this.#property(origin.dependency, origin.name)
  }

  dependencies(): Dependency[] {
    return this.#dependencies.map(({ statement, names, passedOn }) => ({
      specifier: statement.specifier,
      names: [...names],
      passedOn: [...passedOn],
      isStar: statement.isStar,
      type: statement.type,
      start: statement.start,
    }))
  }

  #addName(local: string, dependency: number, name: string): void {
    this.#dependencies[dependency]?.names.add(name)
    this.#origins.set(local, { dependency, name })
    const property = this.#property(dependency, name)
    if (IDENTIFIER.test(name)) this.free.set(local, property)
    else this.constants.push([local, property])
  }

  #property(dependency: number, name: string): string {
    const object = `${this.#prefix}${dependency}`
    return IDENTIFIER.test(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

/** The one export clause, which esbuild writes last. */
function findExportClause(
  code: string,
  exportCount: number,
): { readonly pairs: readonly NamePair[]; readonly ranges: readonly Range[] } {
  const start = code.lastIndexOf('export {')
  if (start < 0) return { pairs: [], ranges: [] }
  const text = code.slice(start)
  const pairs = readClause(text.slice('export'.length, text.lastIndexOf('}') + 1))
  const isEmpty = /^export \{\s*\};\s*$/.test(text)
  return exportCount === 0 && !isEmpty
    ? { pairs: [], ranges: [] }
    : { pairs, ranges: [{ start, end: code.length }] }
}

/** Takes the statements out and leaves every line where it is. */
function blankOut(code: string, ranges: readonly Range[]): string {
  let kept = ''
  let position = 0
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    kept += code.slice(position, start) + code.slice(start, end).replace(/[^\n]+/g, '')
    position = end
  }
  return kept + code.slice(position)
}
