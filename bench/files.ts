/**
 * Measures: a file of 100 MB up and down through cloudlet/client, from disk to disk, against the same file through a
 * plain ws connection, also from disk to disk; and how far the host's memory grows meanwhile.
 * Excludes: connecting. The servers are in a process of their own. The floor neither checks what arrives nor waits until
 * the disk has it; cloudlet does both.
 * Run with: npm run bench -- files
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { type Cloud, createCloud } from 'cloudlet/client'
import { createWebSocketStream, WebSocket } from 'ws'
import type { FileServers, MemoryPeak } from './files-process.ts'
import { type Contender, compare, type Question, type Settings } from './harness.ts'
import { type Table, toRows } from './statistics.ts'

const FILE_BYTES = 100 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
/** Half the speed is twice the time. */
const TIME_BAR = 2
/** Of the file's size: flat means that it doesn't matter how large the file is. */
const MEMORY_BAR = 0.5

export const files: Question = {
  name: 'files',
  measure: async settings => {
    const directory = await mkdtemp(join(tmpdir(), 'cloudlet-bench-'))
    const server = fork(fileURLToPath(new URL('./files-process.ts', import.meta.url)), [directory], {
      execArgv: ['--no-node-snapshot', '--expose-gc'],
    })
    try {
      const [servers] = (await once(server, 'message')) as [FileServers]
      return await measure(servers, server, directory, settings)
    } finally {
      server.kill()
      await rm(directory, { recursive: true })
    }
  },
}

async function measure(
  { url, plainUrl }: FileServers,
  server: ChildProcess,
  directory: string,
  { isQuick }: Settings,
): Promise<Table[]> {
  const file = join(directory, 'file')
  await writeFile(file, randomFillSync(Buffer.allocUnsafe(FILE_BYTES)))
  await using cloud = createCloud({ url, openid: 'o-1', timeoutMs: 120_000 })
  const turns = { inFlight: 1, rounds: isQuick ? 3 : 10, warmUpRounds: 1, callsPerRound: 1 }
  const up = await compare({
    title: '100 MB up, from disk to disk',
    ...turns,
    contenders: [
      { name: 'plain ws', run: () => sendPlain(plainUrl, file) },
      { name: 'cloudlet/client uploadFile', run: () => upload(cloud, file), bar: TIME_BAR },
    ],
  })
  const { fileID } = await cloud.uploadFile({ cloudPath: 'file', filePath: file })
  const down = await compare({
    title: '100 MB down, from disk to disk',
    ...turns,
    contenders: [
      { name: 'plain ws', run: () => receivePlain(plainUrl, join(directory, 'received')) },
      download(cloud, fileID),
    ],
  })
  const memory = await measureMemory(server, cloud, file, fileID)
  return [up, down, memory]
}

/** An upload is complete once the server says that the file is written. */
async function sendPlain(plainUrl: string, file: string): Promise<void> {
  const socket = new WebSocket(`${plainUrl}/up`, { perMessageDeflate: false })
  await once(socket, 'open')
  const written = once(socket, 'message')
  const sink = new Writable({ write: (chunk, _encoding, done) => socket.send(chunk, done) })
  await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), sink)
  socket.send(Buffer.alloc(0))
  await written
  socket.close()
}

async function receivePlain(plainUrl: string, file: string): Promise<void> {
  const socket = new WebSocket(`${plainUrl}/down`, { perMessageDeflate: false })
  await pipeline(createWebSocketStream(socket), createWriteStream(file))
  await requireWhole(file)
}

async function upload(cloud: Cloud, file: string): Promise<void> {
  const { errMsg } = await cloud.uploadFile({ cloudPath: 'file', filePath: file })
  if (errMsg !== 'cloud.uploadFile:ok') throw new Error(`The upload failed: ${errMsg}`)
}

function download(cloud: Cloud, fileID: string): Contender {
  let received = ''
  return {
    name: 'cloudlet/client downloadFile',
    run: async () => {
      received = (await cloud.downloadFile({ fileID })).tempFilePath
      await requireWhole(received)
    },
    cleanUp: () => rm(received),
    bar: TIME_BAR,
  }
}

async function requireWhole(file: string): Promise<void> {
  const { size } = await stat(file)
  if (size !== FILE_BYTES) throw new Error(`${size} of ${FILE_BYTES} bytes arrived.`)
}

async function measureMemory(
  server: ChildProcess,
  cloud: Cloud,
  file: string,
  fileID: string,
): Promise<Table> {
  const grownKb: number[] = []
  for (let round = 0; round < 3; round++) {
    const { nowKb } = await readPeak(server)
    await upload(cloud, file)
    await rm((await cloud.downloadFile({ fileID })).tempFilePath)
    grownKb.push(Math.max(0, (await readPeak(server)).peakKb - nowKb))
  }
  const fileKb = [FILE_BYTES / 1024]
  return {
    title: 'What the host’s memory grows by while 100 MB go up and down',
    unit: 'KB',
    better: 'lower',
    rows: toRows([
      { name: 'the file itself', samples: fileKb, parts: grownKb.map(() => FILE_BYTES / 1024) },
      { name: 'the host', samples: grownKb, parts: grownKb, bar: MEMORY_BAR },
    ]),
  }
}

async function readPeak(server: ChildProcess): Promise<MemoryPeak> {
  server.send('peak')
  const [peak] = (await once(server, 'message')) as [MemoryPeak]
  return peak
}
