import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { UnauthenticatedError } from '../../src/errors.ts'
import { Wechat } from '../../src/wechat/wechat.ts'
import { resolveWechatOptions } from '../../src/wechat/wechat-options.ts'
import fc from '../random.ts'
import { openStandin } from './standin.ts'
import { APPID, SECRET, StandinLogin, seal, toCloudID, watermark } from './standin-login.ts'

async function openWechat() {
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-hostile-'))
  const login = new StandinLogin()
  const standin = await openStandin(login.route)
  const given = { appid: APPID, secret: SECRET, apiUrl: standin.url, maxLoginsPerMinute: 1_000_000 }
  const wechat = new Wechat({ ...resolveWechatOptions(given), directory, onWarning: () => {} })
  onTestFinished(async () => {
    await wechat.close()
    await standin[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })
  const logIn = (openid: string) =>
    wechat.authenticate({ code: login.login({ openid }), remoteAddress: '127.0.0.1' })
  return { wechat, login, logIn }
}

describe('hostile input', () => {
  test('as a token is never a login, and never more than refused', async () => {
    const { wechat, logIn } = await openWechat()
    const { login } = await logIn('o-ming')
    const token = login?.token ?? ''
    const mutated = fc
      .tuple(fc.integer({ min: 0, max: token.length - 1 }), fc.string({ minLength: 0, maxLength: 3 }))
      .map(([at, text]) => token.slice(0, at) + text + token.slice(at + 1))
    const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }), mutated)
    await fc.assert(
      fc.asyncProperty(anything, async guess => {
        if (guess === token || guess === '') return
        const asked = wechat.authenticate({ token: guess, remoteAddress: '127.0.0.1' })
        await expect(asked).rejects.toBeInstanceOf(UnauthenticatedError)
      }),
      { numRuns: 2000 },
    )
    expect(await wechat.authenticate({ token, remoteAddress: '' })).toMatchObject({
      caller: { openid: 'o-ming' },
    })
  })

  test('as a CloudID gives an error in its place, whatever is in it', async () => {
    const { wechat, login, logIn } = await openWechat()
    await logIn('o-ming')
    const key = login.sessionKeyOf('o-ming')
    const good = toCloudID(seal({ phoneNumber: '1', watermark: watermark() }, key))
    const sealed = fc.json().map(text => toCloudID(seal(text, key)))
    const flipped = fc
      .tuple(fc.integer({ min: 10, max: good.length - 1 }), fc.constantFrom('A', 'b', '_', '.', '='))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), sealed, flipped), async cloudID => {
        const [opened] = await wechat.openData([cloudID], { openid: 'o-ming' })
        expect(opened?.cloudID).toBe(cloudID)
        if (opened !== undefined && 'errCode' in opened) {
          expect([-601005, -601006, -601007]).toContain(opened.errCode)
          return
        }
        // Sealing doesn't sign, so a changed block may read as data; never of another app, nor without a mark.
        expect(opened?.data).toMatchObject({ watermark: { appid: APPID } })
      }),
      { numRuns: 2000 },
    )
  })

  test('at once from many users mixes nobody up', async () => {
    const { wechat, login, logIn } = await openWechat()
    const openids = Array.from({ length: 200 }, (_, index) => `o-${index}`)
    const logins = await Promise.all(openids.flatMap(openid => [logIn(openid), logIn(openid)]))
    const again = await Promise.all(
      logins.map(({ login: given }) =>
        wechat.authenticate({ token: given?.token ?? '', remoteAddress: '203.0.113.7' }),
      ),
    )
    expect(again.map(({ caller }) => caller.openid)).toEqual(openids.flatMap(openid => [openid, openid]))
    const [opened] = await wechat.openData(
      [toCloudID(seal({ watermark: watermark() }, login.sessionKeyOf('o-7')))],
      { openid: 'o-8' },
    )
    expect(opened).toMatchObject({ errCode: -601007 })
    const counts = await Promise.all(openids.map(openid => wechat.revoke(openid)))
    expect(counts).toEqual(openids.map(() => 2))
  })
})
