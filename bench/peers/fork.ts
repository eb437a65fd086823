import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MEMORY_MB } from '../functions.ts'
import { Calls } from './calls.ts'
import type { LoadedFunction, Peer } from './peer.ts'
import { SourceTable } from './source-table.ts'

const GUEST = fileURLToPath(new URL('./fork-guest.cjs', import.meta.url))

export const forkedProcess: Peer = {
  name: 'child_process.fork',
  place: 'a process each',
  densityCount: 10,
  start: async () => {
    const sources = new SourceTable()
    return {
      deploy: async (name, source) => sources.set(name, source),
      load: async name => loadProcess(sources.get(name)),
      close: async () => {},
    }
  },
}

function loadProcess(source: string): LoadedFunction {
  const child = fork(GUEST, { execArgv: [`--max-old-space-size=${MEMORY_MB}`] })
  const calls = new Calls(message => child.send(message))
  child.on('message', (answer: Parameters<typeof calls.receive>[0]) => calls.receive(answer))
  child.on('exit', code => calls.fail(new Error(`The process ended with ${code}.`)))
  child.send({ source })
  return {
    call: event => calls.call(event),
    unload: async () => {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    },
  }
}
