import type { NodeEnvironment } from '../node/environment.ts'
import {
  PACKAGE_SOURCES,
  type PackageName,
  PRELOAD_SDK,
  RUNTIME_SCRIPT,
  SNAPSHOT_NODE,
} from '../protocol/bridge.ts'
import { FunctionCtor } from './intrinsics.ts'

/**
 * What not every function uses. It is not in the snapshot: evaluated, its objects would slow the start of every
 * isolate, and its source alone would be copied into each one. The host hands the source over as a string that all
 * isolates share, and it is evaluated at first use (native-notes/snapshot.md). wx-server-sdk is in a snapshot of its
 * own, for the functions that name it; another gets it this way should it require it all the same.
 */
type SdkPackage = Pick<typeof import('../sdk/cloud.ts'), 'createServerCloud'>
type Library = ReturnType<NodeEnvironment['library']>
type NodePackage = Pick<typeof import('../node/node.ts'), 'createNode'>

let sdkSource = ''
let nodeSource = ''
let librarySource: Library = ''
let requestSource = ''
let nodePackage: NodePackage | undefined
let sdkPackage: SdkPackage | undefined

/** Lets the SDK be evaluated while a snapshot is made. */
export function offerPreload(globals: Record<string, unknown>): void {
  globals[PRELOAD_SDK] = (exported: SdkPackage) => {
    sdkPackage = exported
    delete globals[PRELOAD_SDK]
  }
}

/** Lets parts of Node's library be evaluated while a snapshot is made. */
export function offerNode(globals: Record<string, unknown>, load: (names: readonly string[]) => void): void {
  globals[SNAPSHOT_NODE] = (exported: NodePackage, library: Library, names: readonly string[]) => {
    delete globals[SNAPSHOT_NODE]
    nodePackage = exported
    librarySource = library
    load(names)
    librarySource = ''
  }
}

/** Takes the sources from the global object, before user code runs. */
export function keepPackageSources(globals: Record<string, unknown>): void {
  sdkSource = takeSource(globals, 'sdk')
  nodeSource = takeSource(globals, 'node')
  librarySource = takeSource(globals, 'library')
  requestSource = takeSource(globals, 'request')
  delete globals[PRELOAD_SDK]
  delete globals[SNAPSHOT_NODE]
}

function takeSource(globals: Record<string, unknown>, name: PackageName): string {
  const key = PACKAGE_SOURCES[name]
  const source = globals[key] as string
  delete globals[key]
  return source
}

/** What puts Node's library on its feet. */
export function loadNodePackage(): NodePackage {
  nodePackage ??= evaluate(nodeSource) as NodePackage
  return nodePackage
}

/** The text of Node's library; while a snapshot is made, its modules. */
export function nodeLibrary(): Library {
  return librarySource
}

/** The package `request`, which the platform's functions have without installing it. */
export function loadRequest(require: (name: string) => unknown): unknown {
  // Evaluated as it is, since a function made of it would be a copy of its text.
  return (indirectEval(requestSource) as (require: (name: string) => unknown) => unknown)(require)
}

export function loadSdk(): SdkPackage {
  sdkPackage ??= evaluate(sdkSource) as SdkPackage
  return sdkPackage
}

/** Under the runtime's name, so that stack traces leave its frames out. */
function evaluate(source: string): unknown {
  return FunctionCtor(`${source}\n//# sourceURL=${RUNTIME_SCRIPT}`)()
}

// biome-ignore lint/security/noGlobalEval: the text is the build's own.
const indirectEval = eval
