/** What loading a program does with Node's library most, of what asks the host for nothing. */
// biome-ignore lint/suspicious/noExplicitAny: the guest is checked without Node's types.
export type NodeRequire = (name: string) => any

export function useNode(load: NodeRequire): void {
  const { Buffer } = load('buffer')
  const { EventEmitter } = load('events')
  const path = load('path')
  const url = load('url')
  const util = load('util')
  const text = Buffer.from('warm').toString('base64')
  Buffer.concat([Buffer.from(text, 'base64'), Buffer.from('00', 'hex'), Buffer.alloc(1)]).toString('hex')
  new EventEmitter().once('warm', () => {}).emit('warm')
  path.resolve(path.join('a', '..'), path.dirname('/b/c.js'), path.basename('c.js', '.js'))
  url.parse(new url.URL('https://a.example/b?c=d').href, true)
  util.inherits(function Warm() {}, EventEmitter)
  util.format('%s %j', util.inspect({ list: [1, 'a', null] }), {})
}

export function useNetwork(load: NodeRequire): void {
  const https = load('https')
  const { PassThrough, Transform } = load('stream')
  new https.Agent({ keepAlive: true })
  const pass = (chunk: unknown, _: string, done: (error: null, chunk: unknown) => void): void =>
    done(null, chunk)
  new PassThrough().pipe(new Transform({ transform: pass })).end('a')
}
