import { readFileSync } from 'node:fs'
import { PACKAGE_SOURCES, type PackageName } from '../protocol/bridge.ts'
import { ExternalCopy, type SharedText } from './ivm.ts'

/** The global it belongs in, and its text, of which all isolates share the bytes. */
export type PackageSource = readonly [global: string, text: SharedText]

let packageSources: readonly PackageSource[] | undefined
let loader: string | undefined
let packageBytes = 0

/** What the runtime evaluates at first use. isolated-vm shares a text's bytes, if they are ASCII, among isolates. */
export function runtimePackages(): readonly PackageSource[] {
  const names = Object.keys(PACKAGE_SOURCES) as PackageName[]
  packageSources ??= names.map(name => {
    const text = readBundle(name)
    packageBytes += text.length
    return [PACKAGE_SOURCES[name], new ExternalCopy(text)]
  })
  return packageSources
}

/** The part of the guest's loader that stands in the program of a function which needs it (protocol/bridge.ts). */
export function loaderSource(): string {
  loader ??= readBundle('modules')
  return loader
}

/** Bytes of those texts, which are ASCII. */
export function sharedTextBytes(): number {
  runtimePackages()
  return packageBytes
}

/** The bundles are built beside the compiled host; a host run from source takes those of the last build. */
export function readBundle(name: 'runtime' | 'warm-up' | 'modules' | PackageName): string {
  const file = name === 'library' ? 'node-library.txt' : `${name}.js`
  const isSource = import.meta.url.endsWith('.ts')
  return readFileSync(
    new URL(isSource ? `../../dist/guest/${file}` : `../guest/${file}`, import.meta.url),
    'utf8',
  )
}
