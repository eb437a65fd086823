import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { KeepAliveClient } from './keep-alive-client.ts'
import type { LoadedFunction, Peer } from './peer.ts'

const READY = 'Server listening'

/** The platform's own server for local and container use: a new function takes a new process of it. */
export const functionsFramework: Peer = {
  name: '@cloudbase/functions-framework',
  place: 'a process each, over HTTP',
  densityCount: 3,
  start: async () => {
    const entry = import.meta.resolve('@cloudbase/functions-framework')
    const program = fileURLToPath(new URL('../bin/tcb-ff.js', entry))
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bench-peers-'))
    return {
      deploy: async (name, source) => {
        await mkdir(join(directory, name))
        await writeFile(join(directory, name, 'index.js'), source)
        await writeFile(join(directory, name, 'package.json'), '{"main":"index.js"}')
      },
      load: name => loadServer(program, join(directory, name)),
      close: () => rm(directory, { recursive: true }),
    }
  },
}

async function loadServer(program: string, directory: string): Promise<LoadedFunction> {
  const port = await findFreePort()
  const server = spawn(process.execPath, [program, `--port=${port}`, `--source=${directory}`], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const kill = (): boolean => server.kill('SIGKILL')
  process.once('exit', kill)
  const end = async (): Promise<void> => {
    process.off('exit', kill)
    if (server.exitCode === null && kill()) await once(server, 'exit')
  }
  await waitUntilReady(server)
  const client = new KeepAliveClient(port)
  return {
    call: event => client.post({}, event),
    unload: async () => {
      client.close()
      await end()
    },
  }
}

function waitUntilReady(server: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let said = ''
  // Read to the end of its days, or it would stand still when the pipe is full.
  server.stdout.on('data', chunk => {
    if (said.includes(READY)) return
    said += String(chunk)
    if (said.includes(READY)) resolve()
  })
  server.once('exit', code => reject(new Error(`The framework ended with ${code}, having said: ${said}`)))
  return promise
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.')
  return address.port
}
