/** The clients of sessions-process.ts: connects as often as it is told to, and says when that is done. */
import { once } from 'node:events'
import { createCloud } from 'cloudlet/client'
import { WebSocket } from 'ws'

/** Connections made at once: a listener's queue is not endless. */
const AT_ONCE = 50

const [kind, url = ''] = process.argv.slice(2)
const open: { close(): unknown }[] = []

process.on('message', message => {
  const { count } = message as { readonly count: number }
  if (count === 0) process.exit()
  void connect(count).then(() => process.send?.('done'))
})

async function connect(count: number): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, connectOne))
}

async function connectOne(): Promise<void> {
  if (kind === 'bare') {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    await once(socket, 'open')
    socket.send('hello')
    open.push(socket)
    return
  }
  const cloud = createCloud({ url, openid: `o-${open.length}` })
  // A session that has done something once: what it leaves behind counts.
  const { result } = await cloud.callFunction({ name: 'hello', data: { a: 1, b: 2 } })
  if (result === undefined) throw new Error('The function did not answer.')
  open.push(cloud)
}
