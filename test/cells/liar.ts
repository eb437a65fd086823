/**
 * A cell that an attacker has taken over, as far as the host can tell: it speaks the protocol and says what the
 * programs it is given have it say. A program is the body of a function that gets the `Liar`, and sets what is to
 * happen when it is entered.
 */
import { Socket } from 'node:net'
import { Channel } from '../../src/cells/channel.ts'
import { CHANNEL_FD } from '../../src/cells/channel-fd.ts'
import type { FromCell, ToCell } from '../../src/protocol/cell.ts'
import { encodeCellFrame } from '../../src/protocol/codec.ts'

export interface Liar {
  /** Says whatever it is given, well-formed or not. */
  say(...messages: unknown[]): void
  /** The same of bytes. */
  sayBytes(bytes: Uint8Array): void
  /** What the guest's runtime would say. */
  sayAsGuest(isolate: number, ...messages: unknown[]): void
  /** The honest answer to an entry. */
  answer(isolate: number, result: unknown): void
  readonly isolates: readonly number[]
  onEnter: (isolate: number, text: string, liar: Liar) => void
  onPing: (liar: Liar) => void
  onCompile: (task: number, liar: Liar) => void
  readonly keptBytes: Uint8Array[]
}

const socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
const programs = new Map<number, string>()
const loaded = new Map<number, Liar>()
const isolates: number[] = []

function makeLiar(): Liar {
  const liar: Liar = {
    say: (...messages) => liar.sayBytes(encodeCellFrame(messages as unknown as FromCell[])),
    sayBytes: bytes => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      socket.write(Buffer.concat([length, bytes]))
    },
    sayAsGuest: (isolate, ...messages) => liar.say(['sent', isolate, JSON.stringify(messages), [], 1]),
    answer: (isolate, result) => {
      liar.sayAsGuest(isolate, { type: 'done', result, over: true }, { type: 'turned' })
      liar.say(['left', isolate, null, false, 1])
    },
    isolates,
    onEnter: isolate => liar.answer(isolate, 'honest'),
    onPing: () => liar.say(['beat', 50e6, []]),
    onCompile: task => liar.say(['compiled', task, 'true', null, null]),
    keptBytes: [],
  }
  return liar
}

/** Says what no isolate is asked for. */
let speaker = makeLiar()

function hear(message: ToCell): void {
  switch (message[0]) {
    case 'make':
      isolates.push(message[1])
      return
    case 'program':
      programs.set(message[1], message[2])
      return
    case 'load': {
      const liar = makeLiar()
      new Function('liar', programs.get(message[2]) ?? '')(liar)
      loaded.set(message[1], liar)
      speaker = liar
      return
    }
    case 'enter': {
      const liar = loaded.get(message[1])
      liar?.onEnter(message[1], message[2] ?? '', liar)
      return
    }
    case 'measure':
      speaker.say(['measured', message[1], 1e300])
      return
    case 'ping':
      speaker.onPing(speaker)
      return
    case 'compile': {
      // What it is to say stands in the source.
      const liar = makeLiar()
      new Function('liar', message[5])(liar)
      liar.onCompile(message[1], liar)
      return
    }
    default:
  }
}

new Channel<FromCell>(socket, {
  onFrame: value => {
    for (const message of value as readonly ToCell[]) hear(message)
  },
  onClose: () => process.kill(process.pid, 'SIGKILL'),
})
speaker.say(['ready'])
