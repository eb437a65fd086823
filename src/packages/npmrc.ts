import { isRetired } from './retired-hosts.ts'

/** Settings that say where packages come from and which fit each other. Others change how npm works here. */
const ALLOWED =
  /^(?:registry|@[\w.~-]+:registry|\/\/[^\s=]+:(?:_authToken|_auth|username|_password|email|always-auth)|always-auth|_auth|_authToken|proxy|https?-proxy|noproxy|ca|ca\[\]|strict-ssl|legacy-peer-deps|strict-peer-deps|engine-strict|before|min-release-age)$/

export interface Settings {
  /** Lines for npm, sorted. */
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * What of a function's .npmrc is followed when its packages are installed. It is a function's author who wrote it,
 * so it may not say which programs npm runs, where it writes, or ask for the host's environment variables.
 */
export function readSettings(text: string): Settings {
  const lines = new Set<string>()
  const warnings: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    // What follows a heading belongs to it, and npm has no such settings.
    if (trimmed.startsWith('[')) break
    const [, key = '', value = ''] = /^([^=;#][^=]*?)\s*(?:=\s*(.*))?$/.exec(trimmed) ?? []
    if (!ALLOWED.test(key)) continue
    if (value.includes('${')) {
      warnings.push(
        `.npmrc: "${key}" takes an environment variable of the host, and is left out. Set it in the .npmrc of the host's user.`,
      )
    } else if (isRetired(value)) {
      warnings.push(`.npmrc: "${key}" is ${value}, which answers no more, and is left out.`)
    } else lines.add(value === '' ? key : `${key}=${value}`)
  }
  return { lines: [...lines].sort(), warnings }
}

/** Environment variables that an .npmrc takes: `${NPM_TOKEN}` or `${NPM_TOKEN?}`. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{(\w+)\??\}/g)].map(([, name = '']) => name)
}

/** Whether an `npm_config_…` variable sets one of those settings. */
export function isSettingVariable(name: string): boolean {
  const [, key = ''] = /^npm_config_(.+)$/i.exec(name) ?? []
  return ALLOWED.test(
    key.startsWith('//') || key.startsWith('@') ? key : key.replaceAll('_', '-').toLowerCase(),
  )
}
