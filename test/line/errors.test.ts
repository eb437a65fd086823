import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { Admission } from '../../src/admission.ts'
import { Dispatcher } from '../../src/capabilities/dispatch.ts'
import { createCloud } from '../../src/client/node.ts'
import { DeployedFiles } from '../../src/deployed-files.ts'
import type { Deployment } from '../../src/deployment.ts'
import { makeIdentityTemplate } from '../../src/identity.ts'
import {
  CloudletError,
  ERROR_CODES,
  type ErrorCode,
  FunctionHost,
  tokenAuthenticator,
} from '../../src/index.ts'
import { invoke, type Line } from '../../src/invocation.ts'
import { LocalIsolates } from '../../src/isolate/local-isolates.ts'
import { Pool } from '../../src/isolate/pool.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'
import { InvocationNetwork } from '../../src/network/invocation-network.ts'
import { Network } from '../../src/network/network.ts'
import { resolveNetwork } from '../../src/network-options.ts'
import { SEND, START } from '../../src/protocol/bridge.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/codec.ts'
import { openSourceTree } from '../../src/source-tree.ts'
import { WechatApi } from '../../src/wechat/api.ts'

/** Every error class of docs/errors.md, provoked where its users would meet it. */
let host: FunctionHost
let url: string
beforeAll(async () => {
  host = new FunctionHost({ maxQueued: 0, onInternalError: () => {} })
  const files: Record<string, string> = {
    good: 'exports.main = () => 1',
    throws: 'exports.main = () => { throw new Error("thrown by the function") }',
    circular: 'exports.main = () => { const a = {}; a.a = a; return a }',
    spins: 'exports.main = async () => { for (;;); }',
    grows: 'exports.main = async () => { const a = []; for (;;) a.push({ a: [1] }) }',
    waits: 'exports.main = () => new Promise(() => {})',
    sleeps: 'exports.main = () => new Promise(resolve => setTimeout(resolve, 300))',
  }
  for (const [name, source] of Object.entries(files)) {
    await host.deploy(name, {
      files: { 'index.js': source },
      config: { timeout: 3, memorySize: 16, concurrency: 1 },
    })
  }
  await host.deploy('spins', { files: { 'index.js': files.spins as string }, config: { timeout: 0.2 } })
  const door = await host.listen({
    port: 0,
    authenticate: tokenAuthenticator(new Map([['secret', { openid: 'o-1' }]])),
  })
  url = door.url
})
afterAll(() => host.close())

const provoke: Partial<Record<ErrorCode, () => Promise<unknown>>> = {
  CLOUDLET_INVALID_OPTION: async () => new FunctionHost({ memoryMb: 1 }),
  CLOUDLET_HOST_CLOSED: async () => {
    const closed = new FunctionHost()
    await closed.close()
    await closed.invoke('good')
  },
  CLOUDLET_DEPLOY: () => host.deploy('broken', { files: { 'index.js': '(' } }),
  CLOUDLET_FUNCTION_NOT_FOUND: () => host.invoke('goood'),
  CLOUDLET_FUNCTION_THREW: () => host.invoke('throws'),
  CLOUDLET_VALUE: () => host.invoke('circular'),
  CLOUDLET_CAPABILITY_DENIED: () =>
    withClient(cloud => cloud.call('database.createCollection', { collection: 'c' })),
  CLOUDLET_DATABASE: () =>
    withClient(cloud => cloud.call('database.count', { collection: 'none', filter: {} })),
  CLOUDLET_STORAGE: () =>
    withClient(cloud => cloud.call('storage.download', { fileID: 'cloud://local.6c6f-local/none' })),
  // Functions get Node's own error of it.
  // The discard port, where nobody listens.
  CLOUDLET_WECHAT: () => new WechatApi({ apiUrl: 'http://127.0.0.1:9', timeoutMs: 5000 }).get('/sns/x', {}),
  CLOUDLET_NETWORK: async () => {
    const network = new InvocationNetwork(new Network(), resolveNetwork({ private: true }, {}), undefined)
    await network.connect('127.0.0.1', 1, {})
  },
  CLOUDLET_DEADLINE: () => host.invoke('spins'),
  CLOUDLET_MEMORY_LIMIT: () => host.invoke('grows'),
  CLOUDLET_OVERLOADED: () => Promise.all([host.invoke('sleeps'), host.invoke('sleeps')]),
  CLOUDLET_CANCELLED: () => host.invoke('waits', {}, { signal: AbortSignal.timeout(50) }),
  CLOUDLET_PROTOCOL: () => sendGarbage(),
  CLOUDLET_UNAUTHENTICATED: () =>
    withClient(cloud => cloud.call('functions.invoke', { name: 'good' }), 'wrong'),
  CLOUDLET_CONNECTION: () =>
    withClient(cloud => cloud.call('functions.invoke', { name: 'good' }), 'secret', 'ws://127.0.0.1:9'),
  CLOUDLET_ISOLATE_CRASHED: async () => {
    await prepareSnapshot('plain')
    // A guest whose runtime is not ours any more: nothing user code can do today, and still no matter to the host.
    const source = `{
      const send = ${SEND}
      const main = () => send('no message of the runtime')
      const modules = [['/index.js', exports => { exports.main = main }]]
      ${START}({ entry: '/index.js', modules, resolutions: {}, lines: [] })
    }`
    const info = { name: 'taken', version: '1', fileCount: 1, sizeBytes: 1, warnings: [] }
    const config = {
      timeoutMs: 2000,
      cpuMs: 2000,
      memoryMb: 16,
      concurrency: 1,
      idempotent: false,
      openapi: [],
      environment: {},
    }
    const limits = { logLines: 1, logChars: 1, timers: 1, hostCalls: 1, hostCallBytes: 1 }
    const deployment: Deployment = {
      name: 'taken',
      version: '1',
      config,
      identity: makeIdentityTemplate('taken', 'local', config, limits),
      limits,
      files: new DeployedFiles(openSourceTree({ files: {} })),
      key: {
        name: 'taken',
        program: { source },
        memoryMb: 16,
        runtime: 'plain',
        nodeNames: [],
        concurrency: 1,
      },
      info: { ...info, ...config },
    }
    const line: Line = {
      admission: new Admission({ maxConcurrency: 1, maxQueued: 1 }),
      pool: new Pool({
        source: new LocalIsolates(),
        maxInstances: 1,
        budgetBytes: 1e8,
        maxSpares: 0,
        onWedged: () => {},
        onWarning: () => {},
      }),
      dispatcher: new Dispatcher({ handlers: {} as never, onInternalError: () => {} }),
      findDeployment: () => ({
        deployment,
        rights: { capabilities: new Set(), deniedOps: new Set() },
        network: resolveNetwork({}, {}),
      }),
      report: () => {},
    }
    const scope = { kind: 'host', caller: {}, depth: 0, cancellation: undefined, place: undefined } as const
    return invoke(line, { functionName: 'taken', event: {}, scope })
  },
  CLOUDLET_INTERNAL: async () => {
    const handlers = new Proxy({}, { get: () => () => Promise.reject(new Error('a fault of ours')) })
    const dispatcher = new Dispatcher({ handlers: handlers as never, onInternalError: () => {} })
    const rights = { capabilities: new Set(['storage'] as const), deniedOps: new Set<never>() }
    const scope = { kind: 'host', caller: {}, depth: 0, cancellation: undefined, place: undefined } as const
    await dispatcher.call('storage.remove', { fileIDs: [] }, rights, scope)
  },
}

async function withClient(
  use: (cloud: ReturnType<typeof createCloud>) => Promise<unknown>,
  token = 'secret',
  address = url,
): Promise<unknown> {
  await using cloud = createCloud({ url: address, token })
  return await use(cloud)
}

/** A raw peer that breaks the protocol is told so, by code, before its session closes. */
async function sendGarbage(): Promise<never> {
  const socket = new WebSocket(url)
  const frames: unknown[] = []
  socket.on('message', data => frames.push(decodeFrame(data as Buffer)))
  await new Promise(resolve => socket.once('open', resolve))
  socket.send(encodeFrame({ type: 'call', id: 1, op: 'functions.invoke', args: {} } as never))
  const [closeCode, reason] = await new Promise<[number, Buffer]>(resolve =>
    socket.once('close', (code, text) => resolve([code, text])),
  )
  expect(closeCode).toBe(4400)
  throw Object.assign(new Error(String(reason)), { code: 'CLOUDLET_PROTOCOL' })
}

describe('each error class', () => {
  test.each(ERROR_CODES)('%s', { timeout: 30_000 }, async code => {
    const provoked = provoke[code]
    if (provoked === undefined) throw new Error(`nothing provokes ${code}`)
    const error = await provoked().then(
      value => ({ nothing: value }),
      (caught: unknown) => caught,
    )
    expect(error).toMatchObject({ code })
    expect((error as Error).message.length).toBeGreaterThan(10)
    if (code !== 'CLOUDLET_PROTOCOL') expect(error).toBeInstanceOf(CloudletError)
    expect((await host.invoke('good')).result).toBe(1)
  })

  test('an internal error tells its caller an incident id and nothing else', async () => {
    const seen: [string, unknown][] = []
    const cause = new Error('secret path /etc')
    const dispatcher = new Dispatcher({
      handlers: { 'storage.remove': () => Promise.reject(cause) } as never,
      onInternalError: (incidentId, fault) => seen.push([incidentId, fault]),
    })
    const rights = { capabilities: new Set(['storage'] as const), deniedOps: new Set<never>() }
    const scope = { kind: 'client', caller: {}, depth: 0, cancellation: undefined, place: undefined } as const
    const error = (await dispatcher
      .call('storage.remove', { fileIDs: [] }, rights, scope)
      .catch(caught => caught)) as Error
    expect(seen).toEqual([[(error as unknown as { incidentId: string }).incidentId, cause]])
    expect(error.message).not.toContain('secret')
  })
})

test('a database directory held by another host is refused, by name', async () => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'cloudlet-held-')), 'data')
  const first = new FunctionHost({ dataDirectory })
  const second = new FunctionHost({ dataDirectory })
  await first.database.createCollection('c')
  await expect(second.database.createCollection('d')).rejects.toMatchObject({ errCode: -502001 })
  await first.close()
  await second.close()
})
