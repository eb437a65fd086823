// expect: ERR_ACCESS_DENIED|127\.0\.0\.1
// 127.0.0.1 itself may be looked up, since one port of it is open. A name of the attacker's that leads inside, asked for in every way there is.
const dns = require('dns')
const net = require('net')
const attempt = connect =>
  new Promise(resolve => {
    connect()
      .on('error', ({ code }) => resolve(code))
      .on('connect', () => resolve('reached'))
      .on('response', () => resolve('reached'))
  })
exports.main = async ({ secret }) => {
  const { address } = await new Promise(resolve =>
    dns.resolve4('inside.test', (_error, [address]) => resolve({ address })),
  )
  return [
    ...(await Promise.all(
      ['inside.test', 'mapped.test', 'zero.test', 'both.test', 'metadata.test'].flatMap(host => [
        attempt(() => net.connect(secret, host)),
        attempt(() => net.connect({ port: secret, host, autoSelectFamily: false })),
        attempt(() => require('http').get({ host, port: secret })),
        attempt(() => require('https').get({ host, port: secret })),
        attempt(() => require('tls').connect({ host, port: secret })),
        fetch(`http://${host}:${secret}`).then(
          () => 'reached',
          ({ cause }) => cause.code,
        ),
        dns.promises.lookup(host).then(
          ({ address }) => address,
          ({ code }) => code,
        ),
      ]),
    )),
    await attempt(() => net.connect(secret, address)),
    await attempt(() =>
      net.connect({
        port: secret,
        host: 'open.test',
        lookup: (_name, options, callback) =>
          options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4),
      }),
    ),
  ]
}
