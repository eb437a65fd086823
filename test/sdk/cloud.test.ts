import { describe, expect, test } from 'vitest'
import { createServerCloud, type ServerCloudOptions } from '../../src/sdk/cloud.ts'
import { recordCalls, rejectionOf } from './recorder.ts'

const NOT_INITIALISED =
  "Cloud API isn't enabled, please call init first\n" +
  '请先调用 init 完成初始化后再调用其他云 API。init 方法可传入一个对象用于设置默认配置，详见文档。'

function load(
  environment: Record<string, string | undefined> = { TCB_ENV: 'local' },
  options: Partial<ServerCloudOptions> = {},
) {
  const recording = recordCalls({ 'functions.invoke': { result: 1, requestId: 'r-1' } })
  const warnings: string[] = []
  const cloud = createServerCloud({
    call: recording.call,
    environment: () => environment,
    warn: message => warnings.push(message),
    encodeText: text => new TextEncoder().encode(text),
    ...options,
  })
  return { cloud, recording, warnings, environment }
}

const any = (value: unknown): never => value as never

test('exports what 2.6.3 exports', () => {
  const exported = ['version', 'DYNAMIC_CURRENT_ENV', 'init', 'updateConfig', 'registerService']
  exported.push('createNewInstance', 'Cloud', 'database', 'uploadFile', 'downloadFile', 'getTempFileURL')
  exported.push('deleteFile', 'callFunction', 'callOpenAPI', 'getOpenData', 'getVoIPSign', 'getCloudCallSign')
  exported.push('getWXContext', 'signature', 'openapi', 'cloudPay', 'logger')
  const { cloud } = load()
  expect(Object.keys(cloud).sort()).toStrictEqual(exported.sort())
  expect(cloud.version).toBe('2.6.3')
  expect(cloud.DYNAMIC_CURRENT_ENV).toBe(Symbol.for('SYMBOL_CURRENT_ENV'))
})

describe('init', () => {
  test('comes first', async () => {
    const { cloud, recording } = load()
    expect(() => cloud.database()).toThrow(NOT_INITIALISED)
    expect(() => cloud.logger()).toThrow(NOT_INITIALISED)
    for (const run of [
      () => cloud.callFunction({ name: 'f' }),
      () => cloud.uploadFile({ cloudPath: 'a', fileContent: 'b' }),
      () => cloud.downloadFile({ fileID: 'a' }),
      () => cloud.getTempFileURL({ fileList: [] }),
      () => cloud.deleteFile({ fileList: [] }),
      () => Reflect.apply(Reflect.get(cloud.openapi, 'x'), undefined, []),
      () => cloud.getOpenData({ list: [] }),
    ]) {
      expect({ ...(await rejectionOf(run())) }).toStrictEqual({ errCode: -1, errMsg: NOT_INITIALISED })
    }
    expect(recording.calls).toStrictEqual([])
    expect(cloud.getWXContext()).toStrictEqual({ ENV: 'local' })
  })

  test('only the first call takes effect; updateConfig overrides', async () => {
    const { cloud } = load()
    cloud.init({ throwOnNotFound: false })
    cloud.init({ throwOnNotFound: true })
    expect(await cloud.database().collection('a').doc('x').get()).toMatchObject({ data: null })
    cloud.updateConfig({ throwOnNotFound: true })
    expect((await rejectionOf(cloud.database().collection('a').doc('x').get()))['errCode']).toBe(-1)
    const own = cloud.database({ throwOnNotFound: false })
    expect(await own.collection('a').doc('x').get()).toMatchObject({ data: null })
  })

  test('an argument that is no object is said to be ignored', () => {
    const { cloud, warnings } = load()
    cloud.init(any('my-env'))
    expect(warnings).toStrictEqual([
      'cloud.init takes an object such as { env: cloud.DYNAMIC_CURRENT_ENV}; my-env is ignored.',
    ])
    expect(() => cloud.database()).not.toThrow()
  })

  test('a new instance has a configuration of its own and is ready', async () => {
    const { cloud } = load()
    const instance = cloud.createNewInstance({ throwOnNotFound: false })
    expect(await instance.database().collection('a').doc('x').get()).toMatchObject({ data: null })
    expect(() => cloud.database()).toThrow(NOT_INITIALISED)
  })

  test('a shared cloud is made with new and initialised with await', async () => {
    const { cloud, warnings } = load()
    expect(() => new cloud.Cloud({ resourceAppid: 'wx-2' })).toThrow('missing resourceEnv')
    const shared = new cloud.Cloud({ resourceAppid: 'wx-2', resourceEnv: 'theirs' })
    expect(() => shared.database()).toThrow(NOT_INITIALISED)
    await shared.init()
    await shared.callFunction({ name: 'f' })
    expect(warnings[0]).toContain('Environment "theirs" is not this host\'s; "local" is used instead.')
  })

  test('methods work when taken off the cloud', async () => {
    const { cloud } = load()
    const { init, callFunction } = cloud
    init()
    expect(await callFunction({ name: 'f' })).toMatchObject({ result: 1 })
  })
})

describe('foreign environments', () => {
  test('run here and are named once each', async () => {
    const { cloud, warnings } = load()
    cloud.init({ env: { database: 'db-env', default: 'other-env' } })
    cloud.database()
    cloud.database()
    await cloud.callFunction({ name: 'f' })
    await cloud.callFunction({ name: 'f', config: { env: 'third-env' } })
    expect(warnings.map(warning => warning.split('"')[1])).toStrictEqual(['db-env', 'other-env', 'third-env'])
  })

  test('the current one and DYNAMIC_CURRENT_ENV are silent', async () => {
    const { cloud, warnings } = load({ SCF_NAMESPACE: 'local' })
    cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
    cloud.database({ env: 'local' })
    await cloud.callFunction({ name: 'f' })
    expect(warnings).toStrictEqual([])
  })

  test('at most 20 warnings', () => {
    const { cloud, warnings } = load()
    cloud.init()
    for (let index = 0; index < 25; index++) cloud.database({ env: `env-${index}` })
    expect(warnings).toHaveLength(20)
  })
})

describe('getWXContext', () => {
  test('reads the listed keys at each call', () => {
    const { cloud, environment } = load({
      WX_CONTEXT_KEYS:
        'WX_OPENID,WX_APPID,WX_UNIONID,WX_CLIENTIP,WX_API_TOKEN,WX_TRIGGER_API_TOKEN_V0,WX_NUMBER',
      WX_OPENID: 'o-1',
      WX_APPID: 'wx-1',
      WX_CLIENTIP: '10.0.0.1',
      WX_API_TOKEN: 'secret',
      WX_TRIGGER_API_TOKEN_V0: 'secret',
      WX_NUMBER: '42',
      WX_SECRET: 'not listed',
      TCB_ENV: 'env-1',
      TCB_SOURCE: 'wx_client,scf',
    })
    expect(cloud.getWXContext()).toStrictEqual({
      OPENID: 'o-1',
      APPID: 'wx-1',
      CLIENTIP: '10.0.0.1',
      NUMBER: 42,
      ENV: 'env-1',
      SOURCE: 'wx_client,scf',
    })
    environment['WX_OPENID'] = 'o-2'
    expect(cloud.getWXContext().OPENID).toBe('o-2')
  })

  test('identities stay text even when they look like numbers', () => {
    const { cloud } = load({
      WX_CONTEXT_KEYS: 'WX_OPENID,WX_FROM_OPENID',
      WX_OPENID: '1001',
      WX_FROM_OPENID: '1',
    })
    expect(cloud.getWXContext()).toStrictEqual({ OPENID: '1001', FROM_OPENID: '1' })
  })

  test('is empty where nothing is known', () => {
    expect(load({}).cloud.getWXContext()).toStrictEqual({})
  })
})

test.each(['callOpenAPI', 'signature', 'registerService'] as const)(
  '%s is of the platform alone',
  async api => {
    const { cloud } = load()
    cloud.init()
    const error = await rejectionOf(cloud[api]({}))
    expect(error['errCode']).toBe(-604100)
    expect(error.message).toContain(`${api}:fail -604100 API not found.`)
  },
)

test('logger writes objects at its level', () => {
  const lines: [string, string][] = []
  const { cloud } = load({}, { log: (level, message) => lines.push([level, message]) })
  cloud.init()
  const logger = cloud.logger()
  logger.log({ a: 1 })
  logger.warn({ b: 2 })
  logger.error({ c: 3 })
  expect(lines).toStrictEqual([
    ['info', '{"a":1}'],
    ['warn', '{"b":2}'],
    ['error', '{"c":3}'],
  ])
  for (const wrong of ['text', 1, null, undefined, [], new Date(0), () => {}]) {
    for (const level of ['log', 'info', 'warn', 'error'] as const) {
      expect(() => logger[level](any(wrong))).toThrow('log msg must be an object')
    }
  }
  expect(lines).toHaveLength(3)
})

test('logger writes what JSON can’t hold', () => {
  const lines: string[] = []
  const { cloud } = load({}, { log: (_level, message) => lines.push(message) })
  cloud.init()
  const twice = { a: 1 }
  const round: Record<string, unknown> = {
    twice: [twice, twice],
    big: 10n ** 20n,
    at: new Date(0),
    none: undefined,
  }
  round['self'] = { round, list: [round] }
  cloud.logger().info(round)
  expect(lines).toStrictEqual([
    '{"twice":[{"a":1},{"a":1}],"big":"100000000000000000000n","at":"1970-01-01T00:00:00.000Z","self":{"round":"[Circular]","list":["[Circular]"]}}',
  ])
})

test('database carries the id of the running request', async () => {
  const { cloud, environment } = load({ TCB_ENV: 'local', TCB_SEQID: 'seq-1' })
  cloud.init()
  const db = cloud.database()
  expect(await db.createCollection('a')).toStrictEqual({ errMsg: 'createCollection:ok', requestId: 'seq-1' })
  environment['TCB_SEQID'] = 'seq-2'
  expect((await db.createCollection('a')).requestId).toBe('seq-2')
  expect({ ...(await rejectionOf(db.createCollection(''))) }).toStrictEqual({
    errCode: -1,
    errMsg: 'Collection name is required',
  })
})
