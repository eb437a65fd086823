import { readFileSync } from 'node:fs'
import { RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { Isolate, type Snapshot } from './ivm.ts'

let snapshot: Snapshot | undefined

/**
 * The V8 startup snapshot that holds the evaluated guest runtime. Made once per process, at the first
 * deployment: about 100 ms (native-notes/snapshot.md).
 */
export function runtimeSnapshot(): Snapshot {
  snapshot ??= Isolate.createSnapshot([{ code: readRuntime(), filename: RUNTIME_SCRIPT }])
  return snapshot
}

/** The bundle is built beside the compiled host; run from source, it is the one of the last build. */
function readRuntime(): string {
  const isSource = import.meta.url.endsWith('.ts')
  return readFileSync(
    new URL(isSource ? '../../dist/guest/runtime.js' : '../guest/runtime.js', import.meta.url),
    'utf8',
  )
}
