// twice
// expect: kept|refused
// Two invocations at once: one tries the numbers of the other's sockets.
const net = require('net')
const { once } = require('events')
exports.main = async ({ open, role }) => {
  if (role === 'owner') {
    const socket = net.connect(open, '127.0.0.1')
    await once(socket, 'connect')
    await new Promise(resolve => setTimeout(resolve, 1500))
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const [data] = await once(socket, 'data')
    return String(data).endsWith('open') ? 'kept' : 'lost'
  }
  await new Promise(resolve => setTimeout(resolve, 500))
  const outcomes = []
  for (let number = 1; number <= 20; number++) {
    const socket = new net.Socket()
    const own = net.connect(open, '127.0.0.1')
    await once(own, 'connect')
    const mine = own._handle.link.socket
    if (number !== mine) {
      own._handle.link.socket = number
      own.write('GET /injected HTTP/1.1\r\nHost: a\r\n\r\n')
      const [{ code }] = await Promise.race([
        once(own, 'error'),
        new Promise(resolve => setTimeout(resolve, 200, [{ code: 'nothing' }])),
      ])
      outcomes.push(code === 'EBADF' || code === 'nothing' || code === 'ECANCELED' ? 'refused' : code)
    }
    own._handle && (own._handle.link.socket = mine)
    own.destroy()
    socket.destroy()
  }
  return outcomes
}
