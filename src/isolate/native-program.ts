import type { CompiledProgram } from './compile.ts'
import { type CachedData, ExternalCopy, type SharedText } from './ivm.ts'

interface NativeProgram {
  readonly cachedData: CachedData | undefined
  readonly places: SharedText | undefined
}

/** What all instances of a program share the bytes of. */
const natives = new WeakMap<CompiledProgram, NativeProgram>()

export function nativeOf(program: CompiledProgram): NativeProgram {
  let native = natives.get(program)
  if (native === undefined) {
    const { code, places } = program
    native = {
      // A copy: a Buffer's own memory, and what its slice() gives, may begin before it.
      cachedData: code && new ExternalCopy(new Uint8Array(code).buffer as ArrayBuffer),
      places: places === undefined ? undefined : new ExternalCopy(places),
    }
    natives.set(program, native)
  }
  return native
}
