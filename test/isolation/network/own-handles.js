// expect: refused
// Below Node's library: handles made by hand, with addresses and socket numbers of their own.
const net = require('net')
const { once } = require('events')
exports.main = async ({ open, secret }) => {
  const socket = net.connect(open, '127.0.0.1')
  await once(socket, 'connect')
  const TCP = socket._handle.constructor
  const outcomes = []
  for (const address of [
    '127.0.0.1',
    '::1',
    'localhost',
    '127.1',
    `127.0.0.1:${secret}`,
    { toString: () => '127.0.0.1' },
    ['127.0.0.1'],
    2130706433,
  ]) {
    const owner = {
      destroyed: false,
      destroy(error) {
        outcomes.push(error ? 'refused' : 'closed')
        this.done()
      },
    }
    const handle = new TCP(0)
    for (const symbol of Object.getOwnPropertySymbols(socket._handle))
      if (socket._handle[symbol] === socket) handle[symbol] = owner
    const request = {
      address,
      port: secret,
      oncomplete(status) {
        outcomes.push(status === 0 ? 'reached' : 'refused')
        owner.done()
      },
    }
    await new Promise(resolve => {
      owner.done = resolve
      handle.connect(request, address, secret)
    })
  }
  return outcomes
}
