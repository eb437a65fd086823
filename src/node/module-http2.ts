import { notOffered } from './not-offered.ts'
import type { Realm } from './realm.ts'

/** The module `http2`: packages that can speak it load, and are told when they try. */
export function makeHttp2(realm: Realm): object {
  const refuse = (name: string, instead: string) => (): never => {
    throw notOffered(name, instead)
  }
  const noServer = 'a function does not listen, it is called'
  return {
    connect: refuse('http2.connect', 'use https, which servers of HTTP/2 speak too'),
    createServer: refuse('http2.createServer', noServer),
    createSecureServer: refuse('http2.createSecureServer', noServer),
    performServerHandshake: refuse('http2.performServerHandshake', noServer),
    getDefaultSettings: () => ({}),
    getPackedSettings: refuse('http2.getPackedSettings', 'there are no sessions to use them in'),
    getUnpackedSettings: refuse('http2.getUnpackedSettings', 'there are no sessions to use them in'),
    constants: realm.constants('http2'),
    sensitiveHeaders: Symbol('sensitiveHeaders'),
    Http2ServerRequest: class Http2ServerRequest {},
    Http2ServerResponse: class Http2ServerResponse {},
  }
}
