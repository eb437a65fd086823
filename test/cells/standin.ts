/**
 * A cell for tests of launching: does what it is told, a JSON array a line over its channel, and answers each with a
 * line of JSON. It ends with its channel, as cells do.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { isNativeAccelerationEnabled } from 'msgpackr'
import { CHANNEL_FD } from '../../src/cells/channel-fd.ts'
import { watchForOrphaning } from '../../src/cells/orphan-watch.ts'
import { Isolate, type NativeContext } from '../../src/isolate/ivm.ts'
import { isolateRoom } from '../../src/isolate/memory-maps.ts'
import { setV8Flags } from '../../src/isolate/v8-flags.ts'

export interface Tasks {
  facts(): { pid: number; env: NodeJS.ProcessEnv; cwd: string; isMsgpackrNative: boolean }
  read(path: string): string
  write(path: string): string
  connect(port: number): Promise<string>
  spawn(command: string): string
  inspect(): Promise<string>
  /** Makes isolates of the guest's runtime that stay, and tells how many there are; 0 if no more would fit. */
  isolates(count: number): Promise<number>
  /** Allocates and uses bytes outside of V8's heap that stay, and tells how many megabytes it got. */
  allocate(megabytes: number): number
  /** Fills V8's heap of the main thread until the process is at its end. */
  fillHeap(): never
  spin(): never
}

const kept: unknown[] = []
const contexts: NativeContext[] = []

const tasks: Tasks = {
  facts: () => ({
    pid: process.pid,
    env: process.env,
    cwd: process.cwd(),
    isMsgpackrNative: isNativeAccelerationEnabled,
  }),
  read: path => codeOf(() => readFileSync(path)),
  write: path => codeOf(() => writeFileSync(path, 'x')),
  connect: port =>
    new Promise(resolve => {
      try {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy()
          resolve('done')
        })
        socket.on('error', error => resolve(codeOf(() => undefined, error)))
      } catch (error) {
        resolve(codeOf(() => undefined, error))
      }
    }),
  spawn: command => codeOf(() => spawnSync(command)),
  inspect: async () => {
    const { open } = await import('node:inspector')
    return codeOf(() => open(0))
  },
  isolates: async count => {
    while (contexts.length < count) {
      const isolate = new Isolate({ memoryLimit: 32 })
      const context = await isolate.createContext()
      await context.eval('let text = ""; for (let i = 0; i < 1000; i++) text += i')
      contexts.push(context)
    }
    return isolateRoom() === undefined ? contexts.length : 0
  },
  allocate: megabytes => {
    let got = 0
    try {
      for (; got < megabytes; got += 64) kept.push(Buffer.alloc(64 * 2 ** 20, 1))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    return got
  },
  fillHeap: () => {
    for (;;) kept.push(new Array(1000).fill(kept.length))
  },
  spin: () => {
    for (;;);
  },
}

/** The code of the error that an action throws, or that is given; `done` if it throws none. */
function codeOf(action: () => unknown, given?: unknown): string {
  try {
    if (given !== undefined) throw given
    action()
    return 'done'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

setV8Flags()
watchForOrphaning()
const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
channel.on('close', () => process.kill(process.pid, 'SIGKILL'))
process.on('uncaughtException', error => channel.write(`${JSON.stringify({ error: error.stack })}\n`))
for await (const line of createInterface({ input: channel })) {
  const [name, ...args] = JSON.parse(line) as [keyof Tasks, ...never[]]
  const answer = await (tasks[name] as (...args: never[]) => unknown)(...args)
  channel.write(`${JSON.stringify({ answer })}\n`)
}
