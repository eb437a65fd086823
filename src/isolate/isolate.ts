import { PROGRAM_SCRIPT, SEND } from '../protocol/bridge.ts'
import type { CompiledProgram } from './compile.ts'
import { Callback, Isolate, type NativeIsolate, type NativeReference } from './ivm.ts'
import { runtimeSnapshot } from './snapshot.ts'

/** What the guest's one callback delivers: JSON text and the buffers beside it. Both are the guest's: check them. */
export type Receive = (text: unknown, ...buffers: unknown[]) => void

/** The guest's door in: `(text, ...buffers) => void`. */
export type DoorIn = NativeReference<(text: string, ...buffers: ArrayBuffer[]) => void>

export interface GuestIsolate {
  readonly isolate: NativeIsolate
  readonly doorIn: DoorIn
}

/**
 * Makes an isolate from the runtime snapshot, with one context, and puts the program into it. No user code
 * runs yet: the modules of the program are functions that its first invocation calls.
 *
 * The steps are queued on the isolate's thread without waiting for each other wherever they can be.
 */
export async function makeGuestIsolate(
  program: CompiledProgram,
  memoryMb: number,
  receive: Receive,
): Promise<GuestIsolate> {
  const isolate = new Isolate({ memoryLimit: memoryMb, snapshot: runtimeSnapshot() })
  try {
    const { source, cachedData } = program
    const [context, script] = await Promise.all([
      isolate.createContext(),
      isolate.compileScript(source, {
        filename: PROGRAM_SCRIPT,
        ...(cachedData === undefined ? undefined : { cachedData }),
      }),
    ])
    context.global.setIgnored(SEND, new Callback(receive, { ignored: true }))
    const doorIn = (await script.run(context, { reference: true })) as DoorIn
    script.release()
    return { isolate, doorIn }
  } catch (error) {
    if (!isolate.isDisposed) isolate.dispose()
    throw error
  }
}
