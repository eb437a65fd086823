import type { Exports } from 'cjs-module-lexer'

type Lexer = typeof import('cjs-module-lexer')

let loading: Promise<Lexer> | undefined

/** Reads what names a CommonJS text exports, as Node tells them for `import`. */
export async function loadNameReader(): Promise<(text: string) => Exports> {
  loading ??= import('cjs-module-lexer')
  const { init, parse } = await loading
  await init()
  return text => {
    try {
      return parse(text)
    } catch {
      // What Node's lexer can't read has no names for it either: only the default export.
      return { exports: [], reexports: [] }
    }
  }
}
