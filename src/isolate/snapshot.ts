import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
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

const snapshots = new Map<RuntimeKind, Snapshot>()

/**
 * The V8 startup snapshot that holds the evaluated guest runtime and the compiled code of a typical invocation. Each
 * is made once per process, when a function is deployed that needs it, by a process of its own for which this thread
 * waits: 80 to 250 ms (native-notes/snapshot.md).
 */
export function runtimeSnapshot(kind: RuntimeKind): Snapshot {
  let snapshot = snapshots.get(kind)
  if (snapshot === undefined) {
    snapshot = new ExternalCopy(makeSnapshot(kind))
    snapshots.set(kind, snapshot)
  }
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

/** @throws {Error} when the process can't be started, or fails. */
function makeSnapshot(kind: RuntimeKind): ArrayBuffer {
  const script = import.meta.url.endsWith('.ts') ? 'snapshot-process.ts' : 'snapshot-process.js'
  const path = fileURLToPath(new URL(script, import.meta.url))
  // What is asked of this process by its environment is not asked of that one.
  const { NODE_OPTIONS: _, ...env } = process.env
  const made = spawnSync(process.execPath, [...SNAPSHOT_FLAGS, path, kind], {
    env,
    maxBuffer: MAX_BYTES,
    windowsHide: true,
  })
  if (made.error !== undefined || made.status !== 0 || made.stdout.length === 0) {
    const why = made.error?.message ?? made.stderr.toString()
    throw new Error(
      `No process could make the startup snapshot of isolates with ${process.execPath}: ${why}`,
      {
        cause: made.error,
      },
    )
  }
  return new Uint8Array(made.stdout).buffer
}
