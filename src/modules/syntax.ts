import type { ImportSpecifier } from 'es-module-lexer'

type Lexer = typeof import('es-module-lexer')

let loading: Promise<Lexer> | undefined

async function loadLexer(): Promise<Lexer> {
  loading ??= import('es-module-lexer')
  const lexer = await loading
  await lexer.init
  return lexer
}

/** One name of an import or export clause: `imported as local`, `local as exported`. */
export type NamePair = readonly [from: string, to: string]

export interface ImportStatement {
  readonly specifier: string
  /** `export * from`. */
  readonly isStar: boolean
  readonly start: number
  readonly end: number
  readonly type: string | undefined
}

export interface DynamicImport {
  /** Where its `import` stands. */
  readonly start: number
  /** Undefined when it is computed, and for `import.meta`. */
  readonly specifier: string | undefined
  readonly kind: 'import' | 'meta'
}

export interface ModuleSyntax {
  readonly statements: readonly ImportStatement[]
  readonly dynamic: readonly DynamicImport[]
  readonly exportCount: number
  /** Whether only an ES module can have what it has. */
  readonly isModule: boolean
}

const DYNAMIC = 2
const META = 3

/** Undefined for a text that is no JavaScript, which V8 will say better. */
export async function readSyntax(text: string): Promise<ModuleSyntax | undefined> {
  const { parse } = await loadLexer()
  try {
    const [imports, exports, , isModule] = parse(text)
    const statements = imports.filter(({ d }) => d === -1).map(found => statementOf(text, found))
    // Imports of other phases are left to V8, which doesn't have them.
    const dynamic = imports
      .filter(({ t }) => (t as number) === DYNAMIC || (t as number) === META)
      .map(found => dynamicOf(text, found))
    return { statements, dynamic, exportCount: exports.length, isModule }
  } catch {
    return undefined
  }
}

function statementOf(text: string, { n, ss, se, at }: ImportSpecifier): ImportStatement {
  const type = at?.find(([key]) => key === 'type')?.[1]
  const end = text[se] === ';' ? se + 1 : se
  return { specifier: n ?? '', isStar: text.startsWith('export', ss), start: ss, end, type }
}

function dynamicOf(text: string, { n, t, s, ss }: ImportSpecifier): DynamicImport {
  const start = text.startsWith('import', ss) ? ss : s
  if ((t as number) === META) return { start, specifier: undefined, kind: 'meta' }
  return { start, specifier: n, kind: 'import' }
}

/** `import` in an expression is no name: it becomes one of the same length, so that places stay. */
export function renameDynamicImports(text: string, dynamic: readonly DynamicImport[], name: string): string {
  let renamed = ''
  let end = 0
  for (const { start } of dynamic) {
    renamed += text.slice(end, start) + name
    end = start + name.length
  }
  return renamed + text.slice(end)
}

/** Six characters, as `import` has, none of which any file of that text uses for something else. */
export function importName(text: string): string {
  const candidates = [
    'im$ort',
    ...Array.from({ length: 100 }, (_, index) => `im$_${`${index}`.padStart(2, '0')}`),
  ]
  const name = candidates.find(candidate => !text.includes(candidate))
  if (name === undefined) throw new Error('A file uses every name that could stand for import')
  return name
}

const CLAUSE_NAME = /("(?:[^"\\]|\\.)*"|[^\s,{}"]+)(?:\s+as\s+("(?:[^"\\]|\\.)*"|[^\s,{}"]+))?/g

/** The pairs in `{ a, b as c, "d e" as f }`. */
export function readClause(clause: string): NamePair[] {
  return [...clause.matchAll(CLAUSE_NAME)].map(([, from = '', to]) => [unquote(from), unquote(to ?? from)])
}

function unquote(name: string): string {
  return name.startsWith('"') ? (JSON.parse(name) as string) : name
}
