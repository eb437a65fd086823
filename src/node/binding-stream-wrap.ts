import type { Binding, Realm } from './realm.ts'
import type { StreamHandle } from './stream-handle.ts'
import {
  ARRAY_BUFFER_OFFSET,
  BYTES_WRITTEN,
  LAST_WRITE_ERROR,
  READ_BYTES_OR_ERROR,
  WriteWrap,
} from './writing-handle.ts'

class ShutdownWrap {
  oncomplete: ((status: number) => void) | undefined
  handle: unknown
  callback: unknown
}

/**
 * What Node's streams over handles share. Handles an invocation leaves open are closed by the host at its end; the
 * next one begins with their owners' `close`, so that pools and agents don't go on with them.
 */
export function makeStreamWrapBinding({ environment, binding }: Realm): Binding {
  const openHandles = new Set<StreamHandle>()
  let left: StreamHandle[] = []
  environment.onInvocationEnd(() => {
    left = [...openHandles]
    openHandles.clear()
    for (const handle of left) handle.abandon()
  })
  environment.onInvocationStart(() => {
    const handles = left
    left = []
    for (const handle of handles) {
      const owner = Reflect.get(handle, binding('symbols').owner_symbol) as { destroy(): void } | undefined
      try {
        owner?.destroy()
      } catch (error) {
        environment.report(error)
      }
    }
  })
  return {
    kReadBytesOrError: READ_BYTES_OR_ERROR,
    kArrayBufferOffset: ARRAY_BUFFER_OFFSET,
    kBytesWritten: BYTES_WRITTEN,
    kLastWriteErr: LAST_WRITE_ERROR,
    streamBaseState: new Int32Array(4),
    WriteWrap,
    ShutdownWrap,
    LibuvStreamWrap: class LibuvStreamWrap {},
    /** Ours, not Node's. */
    openHandles,
  }
}
