import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cachedDataVersionTag } from 'node:v8'
import {
  PACKAGE_SOURCES,
  type PackageName,
  PRELOAD_SDK,
  RUNTIME_SCRIPT,
  SNAPSHOT_NODE,
  WARM_UP_KIND,
} from '../protocol/bridge.ts'
import { ExternalCopy, Isolate, IVM_VERSION, type SharedText, type Snapshot } from './ivm.ts'
import { withoutBaselineCode } from './v8-flags.ts'

/**
 * Which snapshot. What isn't in it a function may have all the same, evaluated at first use; what is costs time at each
 * start, and memory. In order, each has what the one before has: the runtime; wx-server-sdk; what most of Node's library
 * stands on; streams, crypto and the network.
 */
export type RuntimeKind = 'plain' | 'sdk' | 'node' | 'network'
/** In that order. */
export const RUNTIME_KINDS: readonly RuntimeKind[] = ['plain', 'sdk', 'node', 'network']

/** The global between scripts of a snapshot in the making. */
const NODE_PARTS = '__cloudletNodeParts'

/** Modules and globals of Node's that are evaluated in a snapshot. */
const STANDING = [
  'buffer',
  'events',
  'os',
  'path',
  'querystring',
  'string_decoder',
  'url',
  'util',
  'Buffer',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
]
const EVALUATED: Readonly<Record<'node' | 'network', readonly string[]>> = {
  node: STANDING,
  network: [...STANDING, 'assert', 'crypto', 'fs', 'http', 'https', 'net', 'stream', 'tls', 'zlib'],
}

/** The least that has what a function names of the SDK and of Node. */
export function runtimeFor(namesSdk: boolean, nodeNames: readonly string[]): RuntimeKind {
  if (nodeNames.length === 0) return namesSdk ? 'sdk' : 'plain'
  const needsMore = nodeNames.some(name => EVALUATED.network.includes(name) && !EVALUATED.node.includes(name))
  return needsMore ? 'network' : 'node'
}

/** Of what a function names, what is still to be evaluated. */
export function namesLeft(kind: RuntimeKind, nodeNames: readonly string[]): readonly string[] {
  if (kind === 'plain' || kind === 'sdk') return nodeNames
  return nodeNames.filter(name => !EVALUATED[kind].includes(name))
}

const snapshots = new Map<RuntimeKind, Snapshot>()
let packageSources: readonly PackageSource[] | undefined
let loader: string | undefined
let packageBytes = 0

/** The global it belongs in, and its text, of which all isolates share the bytes. */
export type PackageSource = readonly [global: string, text: SharedText]

/**
 * The V8 startup snapshot that holds the evaluated guest runtime and the compiled code of a typical invocation. Each
 * is made once per process, when a function is deployed that needs it, on this thread: 20 to 160 ms
 * (native-notes/snapshot.md).
 */
export function runtimeSnapshot(kind: RuntimeKind): Snapshot {
  let snapshot = snapshots.get(kind)
  if (snapshot === undefined) {
    snapshot = withoutBaselineCode(() => Isolate.createSnapshot(sourcesOf(kind), warmUpOf(kind)))
    snapshots.set(kind, snapshot)
  }
  return snapshot
}

function sourcesOf(kind: RuntimeKind): { code: string; filename: string }[] {
  const runtime = { code: readBundle('runtime'), filename: RUNTIME_SCRIPT }
  if (kind === 'plain') return [runtime]
  const sdk = { code: `${PRELOAD_SDK}((() => {${readBundle('sdk')}})())`, filename: RUNTIME_SCRIPT }
  if (kind === 'sdk') return [runtime, sdk]
  const given = `{ exported: (() => {${readBundle('node')}})(), library: {} }`
  const args = `${NODE_PARTS}.exported, ${NODE_PARTS}.library, ${JSON.stringify(EVALUATED[kind])}`
  const node = [
    `globalThis.${NODE_PARTS} = ${given}`,
    // Each a script of its own: the warm-up's context has the same, and what it compiles of them is kept.
    ...libraryParts().map(([name, text]) => `${NODE_PARTS}.library[${JSON.stringify(name)}] = ${text}`),
    `${SNAPSHOT_NODE}(${args}); delete globalThis.${NODE_PARTS}`,
  ]
  return [runtime, sdk, ...node.map(code => ({ code, filename: RUNTIME_SCRIPT }))]
}

function warmUpOf(kind: RuntimeKind): string {
  return `globalThis.${WARM_UP_KIND} = ${JSON.stringify(kind)}; ${readBundle('warm-up')}`
}

/** The library's modules (src/build/node-library.ts). */
function libraryParts(): (readonly [name: string, text: string])[] {
  const text = readBundle('library')
  const start = text.indexOf('\n') + 1
  const places = JSON.parse(text.slice(0, start)) as Record<string, [start: number, end: number]>
  return Object.entries(places).map(([name, [from, to]]) => [name, text.slice(start + from, start + to)])
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
  for (const part of [...parts, ...sourcesOf(kind).map(({ code }) => code), warmUpOf(kind)]) {
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
