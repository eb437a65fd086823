import { notOffered } from './not-offered.ts'
import type { Binding } from './realm.ts'

/** TLS runs on the host's end of a socket: there is none under a stream that is a function's own. */
export function makeJsStreamBinding(): Binding {
  return {
    JSStream: class JSStream {
      constructor() {
        throw notOffered(
          'TLS over a stream that is no socket',
          'give tls.connect a net.Socket, or a host and port',
        )
      }
    },
  }
}
