import { notOffered } from './not-offered.ts'
import type { Binding } from './realm.ts'

/** There are no sockets in a file system: a function has none of the host's. */
export function makePipeWrapBinding(): Binding {
  return {
    Pipe: class Pipe {
      constructor() {
        throw notOffered(
          'sockets by path',
          "a function sees none of the host's. Connect to a host and port, which the function's policy allows",
        )
      }
    },
    PipeConnectWrap: class PipeConnectWrap {},
    constants: { SOCKET: 0, SERVER: 1, IPC: 2, UV_READABLE: 1, UV_WRITABLE: 2 },
  }
}
