import assert from 'node:assert/strict'
import type { Visitor } from './visitor.ts'

/** A picture of one pixel, as a canvas hands it out. */
export const PIXEL_PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/**
 * Two users sign an empty guestbook: every function is called, and every answer checked.
 *
 * @throws {Error} that names the function and shows what it answered beside what was expected.
 */
export async function playScenario(ming: Visitor, hong: Visitor): Promise<{ messageId: string }> {
  // collections.json has made them already; in the real cloud the first call does.
  await expectAnswer(ming, 'initialize', {}, { created: [], existing: ['users', 'messages', 'bookmarks'] })
  await expectAnswer(ming, 'sum', { a: 1, b: 2 }, { sum: 3 })
  await expectAnswer(hong, 'sum', { a: 0.5, b: -2 }, { sum: -1.5 })
  await logIn(ming, hong)
  const messageId = await writeMessages(ming, hong)
  await readMessages(ming)
  await likeMessages(ming, hong, messageId)
  await changeAvatar(ming)
  await expectAnswer(ming, 'profile', {}, { openid: 'o-ming', user: { visitCount: 3 }, total: 2 })
  await expectAnswer(hong, 'profile', {}, { openid: 'o-hong', user: { visitCount: 2 }, total: 1 })
  await readReports(ming, hong)
  return { messageId }
}

async function logIn(ming: Visitor, hong: Visitor): Promise<void> {
  const nickName = 'Ming'
  await expectAnswer(ming, 'login', { nickName }, { openid: 'o-ming', user: { nickName, visitCount: 1 } })
  // A client can't pass for someone else.
  const forged = { nickName: '小红', openid: 'o-ming', userInfo: { openId: 'o-ming' } }
  await expectAnswer(hong, 'login', forged, { openid: 'o-hong', user: { nickName: '小红', visitCount: 1 } })
  await expectAnswer(ming, 'login', {}, { openid: 'o-ming', user: { nickName, visitCount: 2 } })
}

/** Resolves with the id of the first message. */
async function writeMessages(ming: Visitor, hong: Visitor): Promise<string> {
  const first = await ming.call('postMessage', { content: 'Hello, guestbook!' })
  const place = { longitude: 116.4, latitude: 39.9 }
  await hong.call('postMessage', { content: '到此一游', place })
  await ming.call('postMessage', { content: 'Me again.' })
  const { errCode, errMsg } = await hong.callInVain('postMessage', { content: '  ' })
  assert.equal(errCode, -504002, 'postMessage: an error thrown by a function has errCode -504002.')
  assert.match(errMsg, /content must not be empty/)
  return textField(first, 'id')
}

async function readMessages(visitor: Visitor): Promise<void> {
  const newest = await expectAnswer(visitor, 'listMessages', { size: 2 }, { total: 3, hasMore: true })
  const oldest = await expectAnswer(
    visitor,
    'listMessages',
    { size: 2, page: 2 },
    { total: 3, hasMore: false },
  )
  const contents = [...listField(newest, 'messages'), ...listField(oldest, 'messages')].map(message =>
    textField(message, 'content'),
  )
  assert.deepEqual(
    contents.toSorted(),
    ['Hello, guestbook!', 'Me again.', '到此一游'].toSorted(),
    'listMessages: the two pages together hold each message once.',
  )
}

async function likeMessages(ming: Visitor, hong: Visitor, id: string): Promise<void> {
  await expectAnswer(hong, 'likeMessage', { id }, { liked: true, likeCount: 1 })
  await expectAnswer(hong, 'likeMessage', { id }, { liked: false, likeCount: 1 })
  await expectAnswer(ming, 'likeMessage', { id }, { liked: true, likeCount: 2 })
  await expectAnswer(
    hong,
    'listMessages',
    { mostLiked: true, size: 1 },
    { messages: [{ _id: id, likeCount: 2, liked: true }] },
  )
}

/** Uploads a picture and fetches it from the link that came back. */
async function changeAvatar(visitor: Visitor): Promise<void> {
  const picture = Buffer.from(PIXEL_PNG.replace(/^.*,/, ''), 'base64')
  const avatar = await expectAnswer(
    visitor,
    'uploadAvatar',
    { image: PIXEL_PNG },
    { sizeBytes: picture.length },
  )
  const response = await fetch(textField(avatar, 'url'))
  assert.equal(response.status, 200, 'uploadAvatar: the link leads to the picture.')
  assert.equal(response.headers.get('content-type'), 'image/png')
  assert.deepEqual(
    Buffer.from(await response.arrayBuffer()),
    picture,
    'uploadAvatar: the picture is unchanged.',
  )
}

async function readReports(ming: Visitor, hong: Visitor): Promise<void> {
  const summary = { title: 'Guestbook', messageCount: 3, authorCount: 2, likeCount: 2 }
  await expectAnswer(ming, 'report', { $url: 'summary' }, summary)
  const authors = [
    { name: 'Ming', messageCount: 2, likeCount: 2 },
    { name: '小红', messageCount: 1, likeCount: 0 },
  ]
  await expectAnswer(
    hong,
    'report',
    { $url: 'ranking', language: 'zh' },
    { title: '最受欢迎的作者', authors },
  )
}

/** Calls a function whose result must hold at least the expected fields. */
async function expectAnswer(
  visitor: Visitor,
  name: string,
  data: object,
  expected: object,
): Promise<unknown> {
  const result = await visitor.call(name, data)
  try {
    assert.partialDeepStrictEqual(result, expected)
  } catch (error) {
    const shown = `${JSON.stringify(result)} instead of at least ${JSON.stringify(expected)}`
    throw new Error(`${name}(${JSON.stringify(data)}) answered ${visitor.name} ${shown}.`, { cause: error })
  }
  return result
}

function textField(value: unknown, name: string): string {
  const field = fieldOf(value, name)
  assert.equal(typeof field, 'string', `${name} should be a text in ${JSON.stringify(value)}.`)
  return String(field)
}

function listField(value: unknown, name: string): readonly unknown[] {
  const field = fieldOf(value, name)
  if (Array.isArray(field)) return field
  throw new Error(`${name} should be a list in ${JSON.stringify(value)}.`)
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
