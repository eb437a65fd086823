import type { TransformFailure, TransformOptions } from 'esbuild'
import type { SyntaxProblem } from '../isolate/compile.ts'

export type SourceLoader = 'js' | 'jsx' | 'ts' | 'tsx'

export interface TranspileInput {
  /** Path inside the function. */
  readonly path: string
  readonly text: string
  readonly loader: SourceLoader
  /**
   * `esm`: with every import a statement of its own and one export clause at the end. `cjs`: with `require` and
   * `exports` instead. `keep`: as it is, types removed.
   */
  readonly format: 'esm' | 'cjs' | 'keep'
  /** The text of the function's tsconfig.json. */
  readonly tsconfig?: string | undefined
}

export interface Transpiled {
  readonly code: string
  /** From `code` to the text, as JSON. */
  readonly map: string
  readonly hasTopLevelAwait: boolean
}

type Esbuild = typeof import('esbuild')

let loading: Promise<Esbuild> | undefined

/** esbuild is loaded, and its process started, by the first deployment that needs it; it ends with this one. */
function loadEsbuild(): Promise<Esbuild> {
  loading ??= import('esbuild')
  return loading
}

/** What the code is made for: the V8 it will run in. */
export const TARGET = `node${process.versions.node.split('.', 1)[0]}`

const COMMON = {
  target: TARGET,
  charset: 'utf8',
  legalComments: 'none',
  sourcemap: 'external',
  sourcesContent: false,
  logLevel: 'silent',
} as const satisfies TransformOptions

/** Turns TypeScript into JavaScript, and modules of either into a form that conversion can rely on. */
export async function transpile(input: TranspileInput): Promise<Transpiled | SyntaxProblem> {
  const { transform } = await loadEsbuild()
  const run = async (supported: Record<string, boolean>): Promise<Transpiled> => {
    const { code, map } = await transform(input.text, {
      ...COMMON,
      loader: input.loader,
      sourcefile: input.path,
      supported,
      ...(input.format === 'keep' ? undefined : { format: input.format }),
      ...(input.tsconfig === undefined ? undefined : { tsconfigRaw: input.tsconfig }),
    })
    return { code, map, hasTopLevelAwait: false }
  }
  try {
    return await run({ 'top-level-await': false })
  } catch (error) {
    const isAwait = errorsOf(error).some(({ text }) => text.startsWith('Top-level await'))
    if (!isAwait || input.format === 'cjs') return asProblem(input.path, error)
  }
  try {
    return { ...(await run({ 'top-level-await': true })), hasTopLevelAwait: true }
  } catch (error) {
    return asProblem(input.path, error)
  }
}

/**
 * Replaces what names that the code doesn't declare mean, each by a property: `{ a: '$im0.a' }`. A call of one stays a
 * call without `this`.
 */
export async function replaceFreeNames(
  path: string,
  { code, map }: Pick<Transpiled, 'code' | 'map'>,
  names: Readonly<Record<string, string>>,
): Promise<{ readonly code: string; readonly map: string }> {
  const { transform } = await loadEsbuild()
  const link = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
  return await transform(`${code}\n${link}\n`, { ...COMMON, loader: 'js', sourcefile: path, define: names })
}

function errorsOf(error: unknown): TransformFailure['errors'] {
  return (error as Partial<TransformFailure>).errors ?? []
}

/** @throws the error itself when it tells of no place: esbuild then isn't there, or went wrong. */
function asProblem(path: string, error: unknown): SyntaxProblem {
  const [first] = errorsOf(error)
  if (first === undefined) {
    throw new Error(`TypeScript and ES modules need esbuild, which failed: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const { text: message, location } = first
  if (location === null) return { message, file: path }
  // esbuild counts columns in bytes, from 0.
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString()
  return { message, file: path, line: location.line, column: before.length + 1 }
}

export function isProblem(value: object): value is SyntaxProblem {
  return 'message' in value
}
