import { readFileSync } from 'node:fs'
import { PACKAGE_SOURCES, type PackageName, PRELOAD_SDK, RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { ExternalCopy, Isolate, type SharedText, type Snapshot } from './ivm.ts'

/** Which snapshot: with wx-server-sdk in it, or without, which starts faster and takes less memory. */
export type RuntimeKind = 'plain' | 'sdk'

const snapshots = new Map<RuntimeKind, Snapshot>()
let packageSources: readonly PackageSource[] | undefined

/** The global it belongs in, and its text, of which all isolates share the bytes. */
export type PackageSource = readonly [global: string, text: SharedText]

/**
 * The V8 startup snapshot that holds the evaluated guest runtime and the compiled code of a typical invocation. Each
 * is made once per process, when a function is deployed that needs it, on this thread: about 50 ms
 * (native-notes/snapshot.md).
 */
export function runtimeSnapshot(kind: RuntimeKind): Snapshot {
  let snapshot = snapshots.get(kind)
  if (snapshot === undefined) {
    const scripts = [{ code: readBundle('runtime'), filename: RUNTIME_SCRIPT }]
    const sdk = { code: `${PRELOAD_SDK}((() => {${readBundle('sdk')}})())`, filename: RUNTIME_SCRIPT }
    snapshot = Isolate.createSnapshot(kind === 'sdk' ? [...scripts, sdk] : scripts, readBundle('warm-up'))
    snapshots.set(kind, snapshot)
  }
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
