/** Which logins end, and who hears of it. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Logins } from '../../src/wechat/logins.ts'

const DAY_MS = 86_400_000
const USER = { openid: 'o-1', sessionKey: 'a'.repeat(24) }

function openLogins(): Logins {
  const logins = new Logins({
    ...{ directory: undefined, appid: 'wx1', secret: 's', onWarning: () => {} },
    ...{ sessionMs: 7 * DAY_MS, maxSessionMs: 30 * DAY_MS, maxSessionsPerUser: 3 },
  })
  onTestFinished(() => logins.close())
  return logins
}

describe('whoever listens to a login that was proven', () => {
  test.each<[string, (logins: Logins, token: string) => Promise<unknown>]>([
    ['all were ended', logins => logins.revoke('o-1')],
    ['it was ended', (logins, token) => logins.revokeToken(token)],
  ])('hears that %s in between', async (_, end) => {
    const logins = openLogins()
    const { token = '' } = await logins.add(USER)
    const proven = await logins.use(token)
    await end(logins, token)
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    const listener = vi.fn()
    proven?.onRevoked(listener)
    expect(listener).not.toHaveBeenCalled()
    await expect.poll(() => listener.mock.calls.length).toBe(1)
    await setImmediate()
    expect(listener).toHaveBeenCalledTimes(1)
  })

  test('hears nothing while it stands, nor when it listens no more', async () => {
    const logins = openLogins()
    const { token = '', onRevoked } = await logins.add(USER)
    const [standing, gone] = [vi.fn(), vi.fn()]
    onRevoked(standing)
    const stop = (await logins.use(token))?.onRevoked(gone)
    await logins.sessionKeysOf('o-1')
    await setImmediate()
    expect(standing).not.toHaveBeenCalled()
    stop?.()
    await logins.revoke('o-1')
    await setImmediate()
    expect(standing).toHaveBeenCalledTimes(1)
    expect(gone).not.toHaveBeenCalled()
  })
})

describe('one login too many', () => {
  test('leaves the one of an open session, however old it is', async () => {
    const logins = openLogins()
    const tablet = await logins.add(USER)
    const listener = vi.fn()
    tablet.onRevoked(listener)
    for (let start = 0; start < 10; start++) await logins.add(USER)
    await setImmediate()
    expect(listener).not.toHaveBeenCalled()
    expect(await logins.use(tablet.token ?? '')).toBeDefined()
  })

  test('ends the one that was not used for longest', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const logins = openLogins()
    const tokens: string[] = []
    for (let n = 0; n < 3; n++) {
      tokens.push((await logins.add(USER)).token ?? '')
      vi.setSystemTime(Date.now() + DAY_MS)
    }
    expect(await logins.use(tokens[0] ?? '')).toBeDefined()
    vi.setSystemTime(Date.now() + 1000)
    tokens.push((await logins.add(USER)).token ?? '')
    const standing = await Promise.all(tokens.map(async token => (await logins.use(token)) !== undefined))
    expect(standing).toEqual([true, false, true, true])
  })
})
