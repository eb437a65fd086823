import { PROGRAM_SCRIPT, SEND } from '../protocol/bridge.ts'
import type { CompiledProgram } from './compile.ts'
import { Callback, Isolate, type NativeContext, type NativeIsolate, type NativeReference } from './ivm.ts'
import { forgetIsolate, rememberIsolate } from './living-isolates.ts'
import { runtimeSnapshot } from './snapshot.ts'

/** What the guest's one callback delivers: JSON text and the buffers beside it. Both are the guest's: check them. */
export type Receive = (text: unknown, ...buffers: unknown[]) => void

/** The guest's door in: `(text, ...buffers) => void`, or without a text for the next invocation's turn. */
export type DoorIn = NativeReference<(text?: string, ...buffers: ArrayBuffer[]) => void>

/** An isolate with the runtime in it and no function yet: what a cold start takes from the shelf. */
export interface BlankIsolate {
  readonly memoryMb: number
  readonly isolate: NativeIsolate
  readonly context: NativeContext
  /** Who hears the guest. Nothing calls it before a program was loaded. */
  receive: Receive
}

/**
 * Programs up to this length, in UTF-16 units, are compiled and run in one trip to the isolate's thread: their
 * functions are compiled lazily, so that a code cache saves less than the second trip costs (bench/cold-start.ts).
 */
const EVAL_CHARS = 16 * 1024

/** Makes an isolate from the runtime snapshot, with one context and the callback of its own. */
export async function makeBlankIsolate(memoryMb: number): Promise<BlankIsolate> {
  const isolate = new Isolate({ memoryLimit: memoryMb, snapshot: runtimeSnapshot() })
  rememberIsolate(isolate)
  try {
    const context = await isolate.createContext()
    const blank: BlankIsolate = { memoryMb, isolate, context, receive: () => {} }
    context.global.setIgnored(
      SEND,
      new Callback((...crossing: [unknown, ...unknown[]]) => blank.receive(...crossing), { ignored: true }),
    )
    return blank
  } catch (error) {
    disposeIsolate(isolate)
    throw error
  }
}

/**
 * Puts a program into a blank isolate. No user code runs yet: the modules of the program are functions that its
 * first invocation calls.
 */
export async function loadProgram(
  { isolate, context }: BlankIsolate,
  { source, cachedData }: CompiledProgram,
): Promise<DoorIn> {
  try {
    if (source.length <= EVAL_CHARS) {
      return (await context.eval(source, { filename: PROGRAM_SCRIPT, reference: true })) as DoorIn
    }
    const script = await isolate.compileScript(source, {
      filename: PROGRAM_SCRIPT,
      ...(cachedData === undefined ? undefined : { cachedData }),
    })
    const doorIn = (await script.run(context, { reference: true })) as DoorIn
    script.release()
    return doorIn
  } catch (error) {
    disposeIsolate(isolate)
    throw error
  }
}

export function disposeIsolate(isolate: NativeIsolate): void {
  forgetIsolate(isolate)
  if (!isolate.isDisposed) isolate.dispose()
}
