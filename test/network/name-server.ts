import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Answer, decode, encode } from 'dns-packet'

export interface NameServer extends AsyncDisposable {
  /** As Node's `setServers` takes it. */
  readonly address: string
  /** Questions as they came: `A example.com`. */
  readonly asked: string[]
}

/** A name server on loopback. `answer`: the records of a question, or undefined for "no such name". */
export async function startNameServer(
  answer: (name: string, type: string) => Answer[] | undefined,
): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (message, { address, port }) => {
    const query = decode(message)
    const [question] = query.questions ?? []
    if (question === undefined) return
    asked.push(`${question.type} ${question.name}`)
    const answers = answer(question.name, question.type)
    const NXDOMAIN = 3
    const reply = encode({
      id: query.id ?? 0,
      type: 'response',
      flags: 0x180 | (answers === undefined ? NXDOMAIN : 0),
      questions: [question],
      answers: answers ?? [],
    })
    socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}
