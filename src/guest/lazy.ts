import { PACKAGE_SOURCES, type PackageName, RUNTIME_SCRIPT } from '../protocol/bridge.ts'
import { FunctionCtor } from './intrinsics.ts'

/**
 * npm packages of the runtime that most invocations never touch. They are not in the snapshot: evaluated, their objects
 * would slow the start of every isolate, and their source alone would be copied into each one. The host hands the
 * source over as a string that all isolates share, and it is evaluated at first use (native-notes/snapshot.md).
 */
type BufferPackage = typeof import('buffer/')
export type Inspect = Pick<typeof import('node-inspect-extracted'), 'format' | 'inspect'>

let bufferSource = ''
let inspectSource = ''
let bufferPackage: BufferPackage | undefined
let inspectPackage: Inspect | undefined

/** Takes the sources from the global object, before user code runs. */
export function keepPackageSources(globals: Record<string, unknown>): void {
  bufferSource = takeSource(globals, 'buffer')
  inspectSource = takeSource(globals, 'inspect')
}

function takeSource(globals: Record<string, unknown>, name: PackageName): string {
  const key = PACKAGE_SOURCES[name]
  const source = globals[key] as string
  delete globals[key]
  return source
}

export function loadBuffer(): BufferPackage['Buffer'] {
  bufferPackage ??= evaluate(bufferSource) as BufferPackage
  return bufferPackage.Buffer
}

export function loadInspect(): Inspect {
  inspectPackage ??= evaluate(inspectSource) as Inspect
  return inspectPackage
}

/** Under the runtime's name, so that stack traces leave its frames out. */
function evaluate(source: string): unknown {
  return FunctionCtor(`${source}\n//# sourceURL=${RUNTIME_SCRIPT}`)()
}
