import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cachedDataVersionTag } from 'node:v8'
import { PACKAGE_SOURCES, type PackageName, PRELOAD_SDK, RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { ExternalCopy, Isolate, IVM_VERSION, type SharedText, type Snapshot } from './ivm.ts'

/** Which snapshot: with wx-server-sdk in it, or without, which starts faster and takes less memory. */
export type RuntimeKind = 'plain' | 'sdk'

const snapshots = new Map<RuntimeKind, Snapshot>()
let packageSources: readonly PackageSource[] | undefined
let loader: string | undefined
let packageBytes = 0

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
    snapshot = Isolate.createSnapshot(sourcesOf(kind), readBundle('warm-up'))
    snapshots.set(kind, snapshot)
  }
  return snapshot
}

function sourcesOf(kind: RuntimeKind): { code: string; filename: string }[] {
  const runtime = { code: readBundle('runtime'), filename: RUNTIME_SCRIPT }
  if (kind === 'plain') return [runtime]
  return [runtime, { code: `${PRELOAD_SDK}((() => {${readBundle('sdk')}})())`, filename: RUNTIME_SCRIPT }]
}

export function hasSnapshot(kind: RuntimeKind): boolean {
  return snapshots.has(kind)
}

/** One that a process like this one made: see snapshotKey. */
export function adoptSnapshot(kind: RuntimeKind, bytes: Uint8Array): void {
  snapshots.set(kind, new ExternalCopy(new Uint8Array(bytes).buffer as ArrayBuffer))
}

export function snapshotBytes(kind: RuntimeKind): Uint8Array {
  return new Uint8Array(runtimeSnapshot(kind).copy())
}

/** Of all that a snapshot depends on: what is in it, V8 with its flags and the processor, and isolated-vm. */
export function snapshotKey(kind: RuntimeKind): string {
  const { node, v8 } = process.versions
  const parts = [kind, node, v8, String(cachedDataVersionTag()), process.arch, process.platform, IVM_VERSION]
  const hash = createHash('sha256')
  for (const part of [...parts, ...sourcesOf(kind).map(({ code }) => code), readBundle('warm-up')]) {
    hash.update(`${part}\0`)
  }
  return hash.digest('hex')
}

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
function readBundle(name: 'runtime' | 'warm-up' | 'modules' | PackageName): string {
  const file = name === 'library' ? 'node-library.txt' : `${name}.js`
  const isSource = import.meta.url.endsWith('.ts')
  return readFileSync(
    new URL(isSource ? `../../dist/guest/${file}` : `../guest/${file}`, import.meta.url),
    'utf8',
  )
}
