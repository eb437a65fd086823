import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cachedDataVersionTag } from 'node:v8'
import { ExternalCopy, IVM_VERSION, type Snapshot } from './ivm.ts'
import type { RuntimeKind } from './runtime-kind.ts'
import { sourcesOf, warmUpOf } from './snapshot-source.ts'

/**
 * How the process is started that makes them. isolated-vm needs the first, and the source the second, which must not be
 * on where guests are: they could write intrinsics too. For what is hot while a snapshot is made V8 compiles baseline code,
 * and the snapshot keeps the mark without the code: each isolate made from it compiled those functions anew as it first
 * called them, unless the compiler's filter lets nothing pass.
 */
const SNAPSHOT_FLAGS = ['--no-node-snapshot', '--allow-natives-syntax', '--sparkplug-filter=-*']
/** Of a snapshot; the largest has 3 MB. */
const MAX_BYTES = 64 * 1024 * 1024
/** A quarter of a second usually: it is taken for stuck after this, in milliseconds. */
const TIMEOUT_MS = 60_000

const snapshots = new Map<RuntimeKind, Snapshot>()
const beingMade = new Map<RuntimeKind, Promise<void>>()

/**
 * Has the V8 startup snapshot made that holds the evaluated guest runtime and the compiled code of a typical invocation:
 * once per process, when a function is deployed that needs it, by a process of its own, which takes a tenth to a quarter
 * of a second (native-notes/snapshot.md). Before isolates of that kind are made.
 *
 * @throws {Error} when the process can't be started, or fails.
 */
export function prepareSnapshot(kind: RuntimeKind): Promise<void> {
  if (snapshots.has(kind)) return Promise.resolve()
  let making = beingMade.get(kind)
  if (making === undefined) {
    making = makeSnapshot(kind).finally(() => beingMade.delete(kind))
    beingMade.set(kind, making)
  }
  return making
}

/** What was prepared, or adopted. */
export function runtimeSnapshot(kind: RuntimeKind): Snapshot {
  const snapshot = snapshots.get(kind)
  if (snapshot === undefined) throw new Error(`There is no snapshot "${kind}" yet: prepare it first.`)
  return snapshot
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

async function makeSnapshot(kind: RuntimeKind): Promise<void> {
  const script = import.meta.url.endsWith('.ts') ? 'snapshot-process.ts' : 'snapshot-process.js'
  const args = [...SNAPSHOT_FLAGS, fileURLToPath(new URL(script, import.meta.url)), kind]
  // What is asked of this process by its environment is not asked of that one.
  const { NODE_OPTIONS: _, ...env } = process.env
  const options = {
    env,
    encoding: 'buffer',
    maxBuffer: MAX_BYTES,
    timeout: TIMEOUT_MS,
    windowsHide: true,
  } as const
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, options)
    if (!snapshots.has(kind)) adoptSnapshot(kind, stdout)
  } catch (cause) {
    const { message } = cause as Error
    throw new Error(`The startup snapshot of isolates could not be made: ${message}`, { cause })
  }
}
