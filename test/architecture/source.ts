import { posix } from 'node:path'

/** One import, export-from or `import()` of a file; type-only ones count like the others. */
export interface Import {
  readonly specifier: string
  /** `export … from`. */
  readonly isReexport: boolean
  /** `export * from`. */
  readonly isStar: boolean
}

/** The product's files by path from the root of the repository: `src/host.ts` → its text. */
export type Sources = ReadonlyMap<string, string>

/** Reads the imports of a file as our formatter writes them: each begins a line, with single quotes. */
export function readImports(text: string): Import[] {
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  return [...code.matchAll(STATEMENT), ...code.matchAll(CALL)].map(({ groups }) => ({
    specifier: groups?.['specifier'] ?? '',
    isReexport: groups?.['verb'] === 'export',
    isStar: groups?.['verb'] === 'export' && (groups['names'] ?? '').trimStart().startsWith('*'),
  }))
}

const STATEMENT =
  /^(?<verb>import|export)\s+(?:type\s+)?(?:(?<names>[\w$*\s{},]+?)\s+from\s+)?'(?<specifier>[^'\n]+)'/gm
/** `import('…')` as a value or in a type. */
const CALL = /\bimport\(\s*'(?<specifier>[^'\n]+)'/g

/** Path of the file a relative specifier means; undefined for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
}

/** `node:fs/promises` → `node:fs/promises`, `@scope/a/b` → `@scope/a`, `buffer/` → `buffer`. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

/** The folder under src, or the file's own name at its top: `src/sdk/query.ts` → `sdk`, `src/host.ts` → `host`. */
export function unitOf(path: string): string {
  const [, first = ''] = path.split('/')
  return first.replace(/\.ts$/, '')
}
