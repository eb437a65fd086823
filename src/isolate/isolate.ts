import { DOOR, PLACES, PRELOAD_NODE, PROGRAM_SCRIPT, RUNTIME_SCRIPT, SEND } from '../protocol/bridge.ts'
import type { CompiledProgram } from './compile.ts'
import { Callback, Isolate, type NativeContext, type NativeIsolate, type NativeReference } from './ivm.ts'
import { forgetIsolate, rememberIsolate } from './living-isolates.ts'
import { type RuntimeKind, runtimePackages, runtimeSnapshot, sharedTextBytes } from './snapshot.ts'

/** What the guest's one callback delivers: JSON text and the buffers beside it. Both are the guest's: check them. */
export type Receive = (text: unknown, ...buffers: unknown[]) => void

/** The guest's door in: `(text, ...buffers) => void`, or without a text for the next invocation's turn. */
export type DoorIn = NativeReference<(text?: string, ...buffers: ArrayBuffer[]) => void>

/** What blank isolates differ by. */
export interface IsolateKind {
  readonly memoryMb: number
  readonly runtime: RuntimeKind
  /** Modules and globals of Node's that its function names: evaluated in a spare ahead of need. */
  readonly nodeNames: readonly string[]
}

/** An isolate with the runtime in it and no function yet: what a cold start takes from the shelf. */
export interface BlankIsolate extends IsolateKind {
  readonly isolate: NativeIsolate
  readonly context: NativeContext
  readonly doorIn: DoorIn
  /** Who hears the guest. Nothing calls it before a program was loaded. */
  receive: Receive
  /** What it was to have evaluated ahead is there. */
  isReady: boolean
}

/**
 * Programs up to this length, in UTF-16 units, are compiled and run in one trip to the isolate's thread: their
 * functions are compiled lazily, so that a code cache saves less than the second trip costs
 * (native-notes/snapshot.md).
 */
const EVAL_CHARS = 8 * 1024

/**
 * Makes an isolate from the runtime snapshot, with one context, the callback of its own and its door in, all on this
 * thread: V8 makes the isolate here anyway, and what is left is less than a trip to another thread costs.
 */
export function makeBlankIsolate(kind: Omit<IsolateKind, 'nodeNames'>): BlankIsolate {
  return make({ memoryMb: kind.memoryMb, runtime: kind.runtime, nodeNames: [] })
}

function make(kind: IsolateKind): BlankIsolate {
  const { memoryMb, runtime } = kind
  // Texts that all isolates share count in each one's limit; what a function may take is beside them.
  const limitMb = memoryMb + Math.ceil(sharedTextBytes() / 1_048_576)
  const isolate = new Isolate({ memoryLimit: limitMb, snapshot: runtimeSnapshot(runtime) })
  rememberIsolate(isolate)
  try {
    const context = isolate.createContextSync()
    const doorIn = context.global.getSync(DOOR, { reference: true }) as DoorIn
    const blank: BlankIsolate = { ...kind, isolate, context, doorIn, receive: () => {}, isReady: true }
    context.global.setSync(
      SEND,
      new Callback((...crossing: [unknown, ...unknown[]]) => blank.receive(...crossing), { ignored: true }),
    )
    for (const [name, text] of runtimePackages()) context.global.setSync(name, text.copyInto())
    return blank
  } catch (error) {
    disposeIsolate(isolate)
    throw error
  }
}

/** The same with parts of Node's library on their way into it: on its own thread, before whatever enters it. */
export function makeSpareIsolate(kind: IsolateKind): BlankIsolate {
  const { memoryMb, runtime, nodeNames } = kind
  const blank = make({ memoryMb, runtime, nodeNames })
  if (nodeNames.length === 0) return blank
  const preload = `${PRELOAD_NODE}(${JSON.stringify(nodeNames)})`
  blank.isReady = false
  const become = (): void => {
    blank.isReady = true
  }
  // An isolate that dies of it is found disposed by whoever wants it.
  blank.context.eval(preload, { filename: RUNTIME_SCRIPT }).then(become, become)
  return blank
}

/** A program on its way into an isolate. An entry made now comes after it. */
export interface Loading {
  readonly loaded: Promise<unknown>
}

/**
 * Puts a program into a blank isolate. No user code runs yet: the modules of the program are functions that its
 * first invocation calls. That need not wait until the program is loaded: entries run in their order, and two that
 * stand in the queue together take one trip to the isolate's thread.
 */
export async function loadProgram(
  { isolate, context }: BlankIsolate,
  { source, cachedData, places }: CompiledProgram,
): Promise<Loading> {
  if (places !== undefined) context.global.setSync(PLACES, places.copyInto())
  if (source.length <= EVAL_CHARS) return { loaded: context.eval(source, { filename: PROGRAM_SCRIPT }) }
  try {
    const script = await isolate.compileScript(source, {
      filename: PROGRAM_SCRIPT,
      ...(cachedData === undefined ? undefined : { cachedData }),
    })
    const loaded = script.run(context)
    script.release()
    return { loaded }
  } catch (error) {
    disposeIsolate(isolate)
    throw error
  }
}

export function disposeIsolate(isolate: NativeIsolate): void {
  forgetIsolate(isolate)
  if (!isolate.isDisposed) isolate.dispose()
}
