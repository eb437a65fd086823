import type { SyntaxProblem } from '../isolate/compile.ts'
import { convertEsModule, type EsModuleText } from './es-module.ts'
import type { ModuleFormat } from './format.ts'
import { importName, readSyntax, renameDynamicImports } from './syntax.ts'
import { isProblem, type SourceLoader, type Transpiled, transpile } from './transpile.ts'

/** A CommonJS file that isn't put into the program as it is. */
export interface ConvertedScript {
  readonly kind: 'script'
  readonly text: string
  /** The parameter that stands for `import` in it, if it has `import(…)`. */
  readonly importName: string | undefined
  /** From `text` to the file, as JSON, unless they are the same but for one word. */
  readonly map: string | undefined
  readonly dynamicSpecifiers: readonly string[]
  readonly hasComputedImport: boolean
}

export type Conversion =
  | ConvertedScript
  | { readonly kind: 'es'; readonly module: EsModuleText; readonly code: Transpiled }
  | { readonly kind: 'problem'; readonly problem: SyntaxProblem }

export interface ConversionInput {
  readonly path: string
  readonly text: string
  readonly format: Exclude<ModuleFormat, 'json' | 'addon'>
  readonly tsconfig: string | undefined
}

const MAY_BE_MODULE = /\b(?:import|export)\b/
const IS_COMMONJS = /\b(?:require|exports|module)\b/

/** What needs no conversion at all, told by a glance: CommonJS without `import(…)`. */
export function isPlain({ path, text, format }: ConversionInput): boolean {
  return loaderOf(path) === 'js' && format !== 'esm' && !MAY_BE_MODULE.test(text)
}

/** Undefined when the file is plain CommonJS all the same. */
export async function convert(input: ConversionInput): Promise<Conversion | undefined> {
  const loader = loaderOf(input.path)
  if (loader !== 'js') return await convertTyped(input, loader)
  if (input.format === 'esm') return await convertModule(input, loader)
  const syntax = await readSyntax(input.text)
  if (syntax === undefined) return undefined
  if (syntax.isModule) return input.format === 'cjs' ? undefined : await convertModule(input, loader)
  return syntax.dynamic.length === 0 ? undefined : await convertScript(input.text, undefined)
}

/** TypeScript's own rule for a file that is CommonJS and has `import` all the same: it means `require`. */
async function convertTyped(input: ConversionInput, loader: SourceLoader): Promise<Conversion> {
  const { path, text, format, tsconfig } = input
  if (format === 'esm') return await convertModule(input, loader)
  if (format === 'detect' && !IS_COMMONJS.test(text)) return await convertModule(input, loader)
  const kept = await transpile({ path, text, loader, format: 'keep', tsconfig })
  if (isProblem(kept)) return { kind: 'problem', problem: kept }
  if (!(await readSyntax(kept.code))?.isModule) return await convertScript(kept.code, kept.map)
  if (format === 'detect') return await convertModule(input, loader)
  const made = await transpile({ path, text, loader, format: 'cjs', tsconfig })
  return isProblem(made) ? { kind: 'problem', problem: made } : await convertScript(made.code, made.map)
}

async function convertModule(input: ConversionInput, loader: SourceLoader): Promise<Conversion> {
  const { path, tsconfig } = input
  // Else a module that imports and exports nothing would be taken for CommonJS.
  const text = `${input.text}\nexport {}`
  const code = await transpile({ path, text, loader, format: 'esm', tsconfig })
  if (isProblem(code)) {
    // Where it is in the file itself: what was added may be in the way.
    const alone = await transpile({ path, text: input.text, loader, format: 'keep', tsconfig })
    return { kind: 'problem', problem: isProblem(alone) ? alone : code }
  }
  const module = await convertEsModule(path, code)
  return isProblem(module) ? { kind: 'problem', problem: module } : { kind: 'es', module, code }
}

async function convertScript(text: string, map: string | undefined): Promise<ConvertedScript> {
  const dynamic = (await readSyntax(text))?.dynamic ?? []
  const name = dynamic.length === 0 ? undefined : importName(text)
  return {
    kind: 'script',
    text: name === undefined ? text : renameDynamicImports(text, dynamic, name),
    importName: name,
    map,
    dynamicSpecifiers: dynamic.flatMap(({ specifier }) => (specifier === undefined ? [] : [specifier])),
    hasComputedImport: dynamic.some(({ kind, specifier }) => kind === 'import' && specifier === undefined),
  }
}

function loaderOf(path: string): SourceLoader {
  if (/\.[cm]?ts$/.test(path)) return 'ts'
  if (path.endsWith('.tsx')) return 'tsx'
  return path.endsWith('.jsx') ? 'jsx' : 'js'
}
