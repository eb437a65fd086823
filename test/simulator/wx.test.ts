import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { NO_HOST, openWx } from './open-phone.ts'

describe('what wx does not offer', () => {
  test('is named when it is read, with what to do', () => {
    const { wx } = openWx()
    expect(() => wx['chooseImage']).toThrow(
      /^wx\.chooseImage is not offered by cloudlet\/simulator .*user\.answer\('chooseImage'/,
    )
    expect(() => wx['createSelectorQuery']).toThrow(TypeError)
    expect('chooseImage' in wx).toBe(false)
    expect([wx.canIUse('chooseImage'), wx.canIUse('cloud.callFunction'), wx.canIUse('login')]).toEqual([
      false,
      true,
      true,
    ])
  })

  test('can be answered by a test, or assigned, also as what this platform does not have', async () => {
    const user = openWx()
    user.answer('scanCode', { result: 'isbn' })
    expect(
      await Reflect.apply(user.wx['scanCode'] as () => unknown, undefined, [{ onlyFromCamera: true }]),
    ).toEqual({
      errMsg: 'scanCode:ok',
      result: 'isbn',
    })
    expect(user.calls).toEqual([{ api: 'scanCode', options: { onlyFromCamera: true } }])
    user.wx['getUpdateManager'] = () => 'mine'
    expect(Reflect.apply(user.wx['getUpdateManager'] as () => unknown, undefined, [])).toBe('mine')
    user.wx['getPrivacySetting'] = undefined
    expect(user.wx['getPrivacySetting']).toBeUndefined()
    expect(user.wx.canIUse('getPrivacySetting')).toBe(false)
  })

  test('can be answered in the place of what an API does, but for synchronous ones', async () => {
    const user = openWx()
    user.answer('getStorage', { data: 'as a test says' })
    expect(await user.wx.getStorage({ key: 'none' })).toEqual({
      errMsg: 'getStorage:ok',
      data: 'as a test says',
    })
    user.wx['getUserInfo'] = undefined
    user.answer('getUserInfo', { userInfo: { nickName: 'Ming' } })
    expect(user.wx.canIUse('getUserInfo')).toBe(true)
    expect(() => user.answer('getStorageSync', {})).toThrow(/assign user\.wx\.getStorageSync instead/)
    expect(() => user.answer('getUserInfo', 'Ming' as never)).toThrow(/An answer is an object/)
  })

  test('does not keep wx from being awaited, printed or copied', async () => {
    const { wx } = openWx()
    expect(await wx).toBe(wx)
    expect(inspect(wx, { depth: 0 })).toContain('showToast')
    expect(JSON.stringify({ ...wx, cloud: undefined })).toContain('USER_DATA_PATH')
    expect(`${wx}`).toBe('[object Object]')
  })
})

describe('the two styles', () => {
  test('callbacks are called after the call, and no promise is returned', async () => {
    const { wx } = openWx()
    const { promise, resolve } = Promise.withResolvers<void>()
    const heard: string[] = []
    const returned = wx.getStorage({
      key: 'a',
      success: () => heard.push('success'),
      fail: failure => heard.push(`fail ${failure.errMsg}`),
      complete: ({ errMsg }) => {
        heard.push(`complete ${errMsg}`)
        resolve()
      },
    })
    heard.push(`returned ${returned}`)
    await promise
    expect(heard).toEqual([
      'returned undefined',
      'fail getStorage:fail data not found',
      'complete getStorage:fail data not found',
    ])
  })

  test('a promise rejects with an Error that has the errMsg', async () => {
    const { wx } = openWx()
    const failure = await wx.getStorage({ key: 'a' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(failure).toMatchObject({ errMsg: 'getStorage:fail data not found' })
  })
})

describe('login', () => {
  test('gives codes, each another, and checkSession knows of it', async () => {
    const user = openWx()
    await expect(user.wx.checkSession()).rejects.toThrow(/^checkSession:fail session is expired/)
    const { code, errMsg } = await user.wx.login()
    expect([errMsg, code]).toEqual(['login:ok', expect.stringMatching(/^[\da-f]{32}$/)])
    expect((await user.wx.login()).code).not.toBe(code)
    expect(await user.wx.checkSession()).toEqual({ errMsg: 'checkSession:ok' })
    user.expireSession()
    await expect(user.wx.checkSession()).rejects.toThrow(/session is expired/)
  })

  test('gives the codes a test makes, or their failure', async () => {
    let number = 0
    const user = openWx({
      createLoginCode: () => {
        number++
        if (number > 1) throw new Error('no network')
        return `code-${number}`
      },
    })
    expect(await user.wx.login()).toEqual({ errMsg: 'login:ok', code: 'code-1' })
    await expect(user.wx.login()).rejects.toMatchObject({ errMsg: 'login:fail no network' })
  })
})

describe('storage', () => {
  test('keeps values, sync and async, as copies', async () => {
    const { wx } = openWx()
    const value = { list: [1, 'zwei', null], at: 3 }
    wx.setStorageSync('a', value)
    value.at = 4
    expect(wx.getStorageSync('a')).toEqual({ list: [1, 'zwei', null], at: 3 })
    await wx.setStorage({ key: 'b', data: new Date(5) })
    expect(await wx.getStorage({ key: 'b' })).toEqual({ errMsg: 'getStorage:ok', data: new Date(5) })
    expect(wx.getStorageSync('none')).toBe('')
    expect(await wx.getStorageInfo()).toEqual({
      errMsg: 'getStorageInfo:ok',
      keys: ['a', 'b'],
      currentSize: 1,
      limitSize: 10_240,
    })
    wx.removeStorageSync('a')
    await wx.removeStorage({ key: 'none' })
    expect(wx.getStorageInfoSync().keys).toEqual(['b'])
    await wx.clearStorage()
    expect(wx.getStorageInfoSync()).toEqual({ keys: [], currentSize: 0, limitSize: 10_240 })
  })

  test('takes 1 MB a key and not a byte more', () => {
    const { wx } = openWx()
    const fits = 'ü'.repeat((LIMITS.localItemBytes - '""'.length) / 2)
    wx.setStorageSync('a', fits)
    expect(() => wx.setStorageSync('a', `${fits}x`)).toThrow(
      /^setStorageSync:fail exceed storage item max length/,
    )
    expect(wx.getStorageSync('a')).toBe(fits)
  })

  test('takes 10 MB in all; what replaces an item takes its place', async () => {
    const { wx } = openWx()
    const most = 'x'.repeat(LIMITS.localItemBytes - '""'.length)
    for (let number = 0; number < 10; number++) wx.setStorageSync(`key ${number}`, most)
    expect(wx.getStorageInfoSync().currentSize).toBe(10_240)
    await expect(wx.setStorage({ key: 'more', data: 1 })).rejects.toThrow(
      /^setStorage:fail exceed storage max size/,
    )
    wx.setStorageSync('key 3', most)
    wx.setStorageSync('key 3', 1)
    wx.setStorageSync('more', 1)
  })

  test('refuses keys and values it cannot keep', async () => {
    const { wx } = openWx()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(() => wx.setStorageSync('', 1)).toThrow(/parameter.key should be non-empty String/)
    await expect(wx.setStorage({ key: 5 as never, data: 1 })).rejects.toThrow(
      'setStorage:fail parameter error: parameter.key should be String instead of Number;',
    )
    expect(() => wx.setStorageSync('a', circle)).toThrow(/"a" can't be stored/)
    expect(() => wx.setStorageSync('a', undefined)).toThrow(/must be something JSON can hold, not undefined/)
  })
})

describe('dialogues', () => {
  test('are noted, shown and answered', async () => {
    const user = openWx()
    await user.wx.showLoading({ title: 'Wait' })
    expect(user.screen).toMatchObject({ loading: { title: 'Wait' }, toast: undefined })
    await user.wx.showToast({ title: 'Done', icon: 'success' })
    expect(user.screen).toMatchObject({ loading: undefined, toast: { title: 'Done', icon: 'success' } })
    await user.wx.hideToast()
    expect(user.screen.toast).toBeUndefined()
    expect(await user.wx.showModal({ title: 'Sure?' })).toMatchObject({ confirm: true, cancel: false })
    user.answer('showModal', ({ title }) => ({ confirm: title === 'Sure?', cancel: title !== 'Sure?' }))
    expect(await user.wx.showModal({ title: 'Really?' })).toMatchObject({ confirm: false, cancel: true })
    user.answer('showActionSheet', () => {
      throw new Error('cancel')
    })
    await expect(user.wx.showActionSheet({ itemList: ['a'] })).rejects.toMatchObject({
      errMsg: 'showActionSheet:fail cancel',
    })
    await user.wx.setNavigationBarTitle({ title: 'Here' })
    expect(user.screen.title).toBe('Here')
    await user.wx.setClipboardData({ data: 'copied' })
    expect(await user.wx.getClipboardData()).toMatchObject({ data: 'copied' })
    expect(user.calls.map(({ api }) => api)).toEqual([
      'showLoading',
      'showToast',
      'hideToast',
      'showModal',
      'showModal',
      'showActionSheet',
      'setNavigationBarTitle',
      'setClipboardData',
      'getClipboardData',
    ])
  })
})

test('docs/simulator.md lists what wx offers', () => {
  const text = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8')
  const { wx } = openWx()
  const listed = (name: string): boolean => text.includes(`\`${name}\``)
  expect(Object.keys(wx).length).toBeGreaterThan(60)
  expect(Object.keys(wx).filter(name => name !== 'env' && !listed(name))).toEqual([])
  const manager = Object.keys(wx.getFileSystemManager()).filter(name => !name.endsWith('Sync'))
  expect(manager.filter(name => !listed(name))).toEqual([])
})

test('the phone is told, with what a test says is different', async () => {
  const { wx } = openWx({ systemInfo: { platform: 'android', windowHeight: 500 } })
  expect(wx.getSystemInfoSync()).toMatchObject({
    platform: 'android',
    windowHeight: 500,
    SDKVersion: '3.0.0',
  })
  expect(await wx.getSystemInfo()).toMatchObject({ errMsg: 'getSystemInfo:ok', platform: 'android' })
  expect(wx.getWindowInfo()).toMatchObject({ windowHeight: 500 })
  expect(wx.getDeviceInfo()).toMatchObject({ platform: 'android' })
  expect(wx.getAppBaseInfo()).toMatchObject({ SDKVersion: '3.0.0' })
})

test('what is wrong with the options of a simulator or a user is said', () => {
  expect(() => createSimulator({ url: NO_HOST, project: 5 as never })).toThrow(/project must be the path/)
  expect(() => createSimulator({ url: NO_HOST, project: '/nowhere' })).toThrow(/nowhere has no app\.json/)
  expect(() => createSimulator({ url: 'http://x' }).addUser()).toThrow(/url must look like/)
  expect(() => openWx({ createLoginCode: 'code' as never })).toThrow(/createLoginCode must be a function/)
  const user = openWx()
  expect(() => user.page).toThrow(/app is not running/)
  return expect(user.open()).rejects.toThrow(/without a project/)
})
