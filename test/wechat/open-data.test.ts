import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WechatError } from '../../src/errors.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'
import { OpenDataReader } from '../../src/wechat/open-data.ts'
import { RawPeer } from '../transport/raw-peer.ts'
import { jsonOf, openStandin, type Route } from './standin.ts'
import { APPID, SECRET, StandinLogin, seal, toCloudID, watermark } from './standin-login.ts'
import { issueTokens } from './standin-token.ts'

/** As `button open-type="getPhoneNumber"` gives it. */
const phone = (ageMs = 0, appid = APPID) => ({
  phoneNumber: '+8613800000000',
  purePhoneNumber: '13800000000',
  countryCode: '86',
  watermark: watermark(ageMs, appid),
})

/** What WeChat itself knows, for one user. */
const GENUINE: Readonly<Record<string, object>> = {
  'genuine-1': { data: { phoneNumber: '1', watermark: { appid: APPID } } },
  'genuine-2': { errCode: -601006, errMsg: 'cloudID expired' },
}

const openGenuine: Route = request => {
  if (request.path !== '/wxa/getopendata') return undefined
  if (request.query.get('openid') !== 'o-ming')
    return { body: { errcode: 40003, errmsg: 'invalid openid rid: 1-2-3' } }
  const known = (jsonOf(request)['cloudid_list'] as string[]).filter(id => Object.hasOwn(GENUINE, id))
  const list = known.map(id => ({ cloud_id: id, json: JSON.stringify({ cloudID: id, ...GENUINE[id] }) }))
  return { body: { errcode: 0, errmsg: 'ok', data_list: list } }
}

async function openUser(openid = 'o-ming') {
  const login = new StandinLogin()
  const standin = await openStandin(login.route, issueTokens().route, openGenuine)
  const warnings: string[] = []
  const host = new FunctionHost({
    wechat: { appid: APPID, secret: SECRET, apiUrl: standin.url },
    onWarning: message => warnings.push(message),
  })
  onTestFinished(async () => {
    await host.close()
    await standin[Symbol.asyncDispose]()
  })
  await host.deploy('echo', { files: { 'index.js': 'exports.main = async event => event' } })
  const { url } = await host.listen({ port: 0 })
  const logIn = async (user: string): Promise<RawPeer> => {
    const peer = await RawPeer.connect(url)
    onTestFinished(() => peer.terminate())
    peer.send({ type: 'hello', versions: [1], code: login.login({ openid: user }) })
    await peer.next('welcome')
    return peer
  }
  const peer = await logIn(openid)
  let nextId = 1
  const call = async (args: object, by = peer): Promise<Record<string, unknown>> => {
    const answer = await by.call(nextId++, 'functions.invoke', { name: 'echo', ...args })
    const { userInfo, ...event } = (answer as { result: Record<string, unknown> }).result
    expect(userInfo).toMatchObject({ appId: APPID })
    return event
  }
  const refused = async (args: object) => {
    const id = nextId++
    peer.send({ type: 'call', id, op: 'functions.invoke', args: { name: 'echo', ...args } })
    return (await peer.next('error', id)).error
  }
  const sealFor = (content: object | string, user = openid): string =>
    toCloudID(seal(content, login.sessionKeyOf(user)))
  return { host, login, logIn, call, refused, sealFor, standin, warnings }
}

describe('a CloudID of the own form', () => {
  test('is opened into its field of the event, the others stay', async () => {
    const { call, sealFor } = await openUser()
    const content = phone()
    const cloudID = sealFor(content)
    const event = await call({ data: { a: 1, phone: 'placeholder' }, cloudIDs: { phone: cloudID } })
    expect(event).toEqual({ a: 1, phone: { cloudID, data: content } })
  })

  test('may be any of what WeChat seals', async () => {
    const { call, sealFor } = await openUser()
    const steps = { stepInfoList: [{ timestamp: 1603641600, step: 1234 }], watermark: watermark() }
    const user = { openId: 'o-ming', nickName: '明', gender: 1, watermark: watermark() }
    const group = { openGId: 'g-1', watermark: watermark() }
    const cloudIDs = { steps: sealFor(steps), user: sealFor(user), group: sealFor(group) }
    expect(await call({ cloudIDs })).toEqual({
      steps: { cloudID: cloudIDs.steps, data: steps },
      user: { cloudID: cloudIDs.user, data: user },
      group: { cloudID: cloudIDs.group, data: group },
    })
  })

  test('of an earlier login of the same user is opened too', async () => {
    const { call, sealFor, logIn } = await openUser()
    // Once, since its second stands in it.
    const data = phone()
    const first = sealFor(data)
    const later = await logIn('o-ming')
    const second = sealFor(data)
    for (const cloudID of [first, second]) {
      expect(await call({ cloudIDs: { x: cloudID } }, later)).toMatchObject({ x: { data } })
    }
  })

  test('is valid for five minutes by its watermark', async () => {
    const { call, sealFor } = await openUser()
    const young = await call({ cloudIDs: { x: sealFor(phone(LIMITS.cloudIDMs - 5000)) } })
    expect(young['x']).toHaveProperty('data')
    for (const ageMs of [LIMITS.cloudIDMs + 2000, 86_400_000, -120_000]) {
      const cloudID = sealFor(phone(ageMs))
      expect(await call({ cloudIDs: { x: cloudID } })).toEqual({
        x: { cloudID, errCode: -601006, errMsg: 'cloudID expired' },
      })
    }
  })

  test.each<[string, (user: Awaited<ReturnType<typeof openUser>>) => string | Promise<string>]>([
    ['of another app', ({ sealFor }) => sealFor(phone(0, 'wx-other'))],
    ['without a watermark', ({ sealFor }) => sealFor({ phoneNumber: '1' })],
    [
      'with a watermark that is none',
      ({ sealFor }) => sealFor({ watermark: { appid: APPID, timestamp: 'x' } }),
    ],
    ['with another user in it', ({ sealFor }) => sealFor({ openId: 'o-hua', watermark: watermark() })],
    ['that is no JSON', ({ sealFor }) => sealFor('hello')],
    ['that is a list', ({ sealFor }) => sealFor('[]')],
    ['with another key', () => toCloudID(seal(phone(), randomBytes(16).toString('base64')))],
    [
      'of another user who is logged in',
      async ({ sealFor, logIn }) => {
        await logIn('o-hua')
        return sealFor(phone(), 'o-hua')
      },
    ],
    ['of half a block', ({ sealFor }) => sealFor(phone()).slice(0, -4)],
  ])('%s does not match, and nothing more is told', async (_, make) => {
    const user = await openUser()
    const cloudID = await make(user)
    expect(await user.call({ cloudIDs: { x: cloudID } })).toEqual({
      x: { cloudID, errCode: -601007, errMsg: 'cloudID and calling user does not match' },
    })
  })

  test.each([
    'cloudlet1.',
    'cloudlet1.a.b',
    `cloudlet1.${'A'.repeat(22)}.`,
    `cloudlet1.${'A'.repeat(22)}.${'A'.repeat(22)}.x`,
    `cloudlet1.${'A'.repeat(23)}.${'A'.repeat(22)}`,
    `cloudlet1.${'+'.repeat(22)}.${'A'.repeat(22)}`,
  ])('like %j is invalid', async cloudID => {
    const { call } = await openUser()
    expect(await call({ cloudIDs: { x: cloudID } })).toEqual({
      x: { cloudID, errCode: -601005, errMsg: 'invalid cloudID' },
    })
  })

  test('no longer opens after the user was logged out', async () => {
    const { host, sealFor } = await openUser()
    const cloudID = sealFor(phone())
    const caller = { openid: 'o-ming' }
    expect(await host.wechat?.openData([cloudID], caller)).toEqual([{ cloudID, data: phone() }])
    await host.wechat?.revoke('o-ming')
    expect(await host.wechat?.openData([cloudID], caller)).toMatchObject([{ errCode: -601007 }])
    expect(await host.wechat?.openData([cloudID], {})).toMatchObject([{ errCode: -601007 }])
  })
})

describe('the CloudIDs of a call', () => {
  test('are five at most', async () => {
    const { call, refused, sealFor } = await openUser()
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, sealFor(phone())]))
    expect(Object.keys(await call({ cloudIDs: fields(5) }))).toHaveLength(5)
    expect(await refused({ cloudIDs: fields(6) })).toMatchObject({
      code: 'CLOUDLET_VALUE',
      message: expect.stringContaining('takes 5 values of CloudID, not 6'),
    })
  })

  test.each<[string, unknown]>([
    ['no object', 'x'],
    ['a list', ['x', 'y']],
    ['a number in a field', { x: 7 }],
    ['an object in a field', { x: { cloudID: 'x' } }],
    ['no text in a field', { x: '' }],
    ['too long a text', { x: 'x'.repeat(LIMITS.cloudIDChars + 1) }],
    ['too long a name', { ['x'.repeat(257)]: 'x' }],
  ])('are refused when they are %s', async (_, cloudIDs) => {
    const { refused, call } = await openUser()
    expect(await refused({ cloudIDs })).toMatchObject({ code: 'CLOUDLET_VALUE' })
    expect(await call({})).toEqual({})
  })

  test('may be as long as the limit, and their field too', async () => {
    const { call } = await openUser()
    const cloudID = 'x'.repeat(LIMITS.cloudIDChars)
    expect(await call({ cloudIDs: { ['x'.repeat(256)]: cloudID } })).toMatchObject({
      ['x'.repeat(256)]: { cloudID, errCode: -601005 },
    })
  })

  test('are invalid on a host without WeChat', async () => {
    const host = new FunctionHost()
    onTestFinished(() => host.close())
    await host.deploy('echo', { files: { 'index.js': 'exports.main = async event => event' } })
    expect(host.wechat).toBeUndefined()
    const peer = await RawPeer.welcomed((await host.listen({ port: 0 })).url)
    onTestFinished(() => peer.terminate())
    const cloudIDs = { x: 'genuine' }
    expect(await peer.call(1, 'functions.invoke', { name: 'echo', cloudIDs })).toMatchObject({
      result: { x: { cloudID: 'genuine', errCode: -601005, errMsg: 'invalid cloudID' } },
    })
  })
})

describe('a CloudID of WeChat', () => {
  test('is opened by WeChat for the user who calls, beside those of the own form', async () => {
    const { call, sealFor, logIn, warnings } = await openUser()
    const own = sealFor(phone())
    const cloudIDs = { one: 'genuine-1', two: 'genuine-2', three: 'unknown', own }
    expect(await call({ cloudIDs })).toEqual({
      one: { cloudID: 'genuine-1', ...GENUINE['genuine-1'] },
      two: { cloudID: 'genuine-2', ...GENUINE['genuine-2'] },
      three: { cloudID: 'unknown', errCode: -601005, errMsg: 'invalid cloudID' },
      own: { cloudID: own, data: phone() },
    })
    const other = await logIn('o-hua')
    const refused = {
      cloudID: 'genuine-1',
      errCode: 40003,
      errMsg: expect.stringContaining('invalid openid'),
    }
    expect(await call({ cloudIDs: { one: 'genuine-1' } }, other)).toEqual({ one: refused })
    expect(warnings).toEqual([])
  })

  test('has the error in its place when WeChat can not be asked, and the call is made', async () => {
    const { call, sealFor, standin, warnings } = await openUser()
    const own = sealFor(phone())
    await standin[Symbol.asyncDispose]()
    for (let count = 0; count < 2; count++) {
      expect(await call({ data: { a: 1 }, cloudIDs: { one: 'genuine-1', own } })).toEqual({
        a: 1,
        one: { cloudID: 'genuine-1', errCode: -604103, errMsg: expect.any(String) },
        own: { cloudID: own, data: phone() },
      })
    }
    expect(warnings.filter(warning => warning.startsWith("CloudIDs can't be opened"))).toHaveLength(1)
  })

  const caller = { openid: 'o-ming' }
  const open = (answer: object, cloudIDs: readonly string[]) => {
    const asked: unknown[] = []
    const reader = new OpenDataReader({
      appid: APPID,
      sessionKeysOf: async () => [],
      askWechat: async (openid, ids) => {
        asked.push([openid, ids])
        return answer as Record<string, unknown>
      },
    })
    return { asked, opened: reader.open(cloudIDs, caller) }
  }

  test('is asked for by openid, all at once, each once', async () => {
    const json = { cloudID: 'one', data: { phoneNumber: '1' } }
    const { asked, opened } = open(
      {
        data_list: [
          { cloud_id: 'two', json: JSON.stringify({ ...json, cloudID: 'two' }) },
          { cloud_id: 'one', json },
        ],
      },
      ['one', 'two', 'one', 'three'],
    )
    expect(await opened).toEqual([
      { cloudID: 'one', data: { phoneNumber: '1' } },
      { cloudID: 'two', data: { phoneNumber: '1' } },
      { cloudID: 'one', data: { phoneNumber: '1' } },
      { cloudID: 'three', errCode: -601005, errMsg: 'invalid cloudID' },
    ])
    expect(asked).toEqual([['o-ming', ['one', 'two', 'three']]])
  })

  test('that failed has the error WeChat gave, and one that is unreadable the system error', async () => {
    const data_list = [
      { cloud_id: 'late', json: { cloudID: 'late', errCode: -601006, errMsg: 'cloudID expired' } },
      { cloud_id: 'odd', json: '<html>' },
      { cloud_id: 'empty', json: {} },
      null,
      7,
    ]
    expect(await open({ data_list }, ['late', 'odd', 'empty']).opened).toEqual([
      { cloudID: 'late', errCode: -601006, errMsg: 'cloudID expired' },
      { cloudID: 'odd', errCode: -601001, errMsg: 'system error' },
      { cloudID: 'empty', errCode: -601001, errMsg: 'system error' },
    ])
  })

  test('rejects when WeChat can not be asked', async () => {
    const reader = new OpenDataReader({
      appid: APPID,
      sessionKeysOf: async () => [],
      askWechat: () => Promise.reject(new WechatError('getOpenData', -604102, 'late')),
    })
    await expect(reader.open(['x'], caller)).rejects.toThrow(WechatError)
  })
})
