import { readFileSync } from 'node:fs'
import { PACKAGE_SOURCES, type PackageName, RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { ExternalCopy, Isolate, type SharedText, type Snapshot } from './ivm.ts'

let snapshot: Snapshot | undefined
let packageSources: readonly PackageSource[] | undefined

/** The global it belongs in, and its text, of which all isolates share the bytes. */
export type PackageSource = readonly [global: string, text: SharedText]

/**
 * The V8 startup snapshot that holds the evaluated guest runtime and the compiled code of a typical invocation.
 * Made once per process, at the first deployment, on this thread: about 50 ms (native-notes/snapshot.md).
 */
export function runtimeSnapshot(): Snapshot {
  snapshot ??= Isolate.createSnapshot(
    [{ code: readBundle('runtime'), filename: RUNTIME_SCRIPT }],
    readBundle('warm-up'),
  )
  return snapshot
}

/** What the runtime evaluates at first use. isolated-vm shares a text's bytes, if they are ASCII, among isolates. */
export function runtimePackages(): readonly PackageSource[] {
  const names = Object.keys(PACKAGE_SOURCES) as PackageName[]
  packageSources ??= names.map(name => [PACKAGE_SOURCES[name], new ExternalCopy(readBundle(name))])
  return packageSources
}

/** The bundles are built beside the compiled host; a host run from source takes those of the last build. */
function readBundle(name: 'runtime' | 'warm-up' | PackageName): string {
  const isSource = import.meta.url.endsWith('.ts')
  return readFileSync(
    new URL(isSource ? `../../dist/guest/${name}.js` : `../guest/${name}.js`, import.meta.url),
    'utf8',
  )
}
