import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { FunctionHost } from 'cloudlet'
import { createSimulator, type Page, type User } from 'cloudlet/simulator'

const GUESTBOOK = fileURLToPath(new URL('../guestbook', import.meta.url))
const PIXEL_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

type Print = (text: string) => void

/**
 * Three users of the guestbook's mini-program, each with the app on a phone of their own, against one host. All they
 * do goes through the page code in `examples/guestbook/miniprogram`, and all they see is what it gave to its view.
 *
 * @throws {Error} when anything but the expected is on a screen.
 */
export async function signGuestbook(print: Print): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cloudlet-signing-'))
  const host = new FunctionHost({ dataDirectory: join(directory, 'data') })
  try {
    const { failed } = await host.deployDirectory(join(GUESTBOOK, 'cloudfunctions'))
    assert.deepEqual(failed, [])
    const { url } = await host.listen({ port: 0 })
    const picture = join(directory, 'holiday.png')
    await writeFile(picture, PIXEL_PNG)

    const simulator = createSimulator({ url, project: GUESTBOOK })
    try {
      const ming = simulator.addUser({ openid: 'o-ming' })
      // What page code logs of Hong's mistake is not for the reader of this example.
      const hong = simulator.addUser({ openid: 'o-hong', console: new Console(new PassThrough()) })
      const lan = simulator.addUser({ openid: 'o-lan' })
      await sign(print, ming, hong)
      await signWithPicture(print, ming, hong, picture)
      await like(print, ming, hong)
      await bookmark(print, hong, lan)
      await comeBack(print, ming)
      await introduce(print, hong, picture)
    } finally {
      await simulator.close()
    }
  } finally {
    await host.close()
    await rm(directory, { recursive: true })
  }
}

async function sign(print: Print, ming: User, hong: User): Promise<void> {
  const [mings, hongs] = await Promise.all([ming.open(), hong.open()])
  mings.trigger('onInput', { type: 'input', detail: { value: 'Hello, guestbook!' } })
  await mings.trigger('onSend')
  assert.equal(ming.screen.toast?.['title'], 'Thank you!')
  await untilShown(hongs, ['Hello, guestbook!'])
  print('Ming signs, and Hong sees it without doing anything.')

  hongs.trigger('onInput', { type: 'input', detail: { value: '  ' } })
  await hongs.trigger('onSend')
  assert.equal(hong.screen.toast?.['title'], 'Not signed.')
  print('Hong sends nothing but blanks, and is told that it was not signed.')
}

async function signWithPicture(print: Print, ming: User, hong: User, picture: string): Promise<void> {
  hong.answer('chooseMedia', { tempFiles: [{ tempFilePath: picture }] })
  hong.page.trigger('onChoosePicture')
  await hong.page.waitFor(({ picturePath }) => picturePath !== '')
  hong.page.trigger('onInput', { type: 'input', detail: { value: '到此一游' } })
  await hong.page.trigger('onSend')
  await untilShown(ming.page, ['到此一游', 'Hello, guestbook!'])
  const fileID = String(itemsOf(ming.page)[0]?.['picture'])
  const { tempFilePath } = await ming.wx.cloud.downloadFile({ fileID })
  const seen = ming.wx.getFileSystemManager().readFileSync(tempFilePath, 'base64')
  assert.equal(seen, PIXEL_PNG.toString('base64'))
  print('Hong signs with a picture, and Ming sees the same picture.')
}

async function like(print: Print, ming: User, hong: User): Promise<void> {
  ming.page.trigger('onLike', { dataset: { index: 0 } })
  assert.equal(itemsOf(ming.page)[0]?.['likeCount'], 1)
  await hong.page.waitFor(() => itemsOf(hong.page)[0]?.['likeCount'] === 1)
  assert.deepEqual([isLiked(ming.page), isLiked(hong.page)], [true, false])
  print('Ming likes it: at once on the own screen, by watch on that of Hong.')
}

async function bookmark(print: Print, hong: User, lan: User): Promise<void> {
  await hong.page.trigger('onBookmark', { dataset: { index: 1 } })
  const lans = await lan.open()
  await untilShown(lans, ['到此一游', 'Hello, guestbook!'])
  assert.deepEqual(bookmarksOn(hong.page), [false, true])
  assert.deepEqual(bookmarksOn(lans), [false, false])
  hong.quit()
  await untilShown(await hong.open(), ['到此一游', 'Hello, guestbook!'])
  assert.deepEqual(bookmarksOn(hong.page), [false, true])
  print('Hong bookmarks a message. It is still marked at the next start, and Lan has no such bookmark.')
}

async function comeBack(print: Print, ming: User): Promise<void> {
  ming.page.trigger('onInput', { type: 'input', detail: { value: 'half a sente' } })
  ming.quit()
  const page = await ming.open()
  assert.equal(page.data['draft'], 'half a sente')
  print('Ming leaves in the middle of a sentence and finds it there again.')

  await page.pullDown()
  assert.equal(page.isRefreshing, false)
  await page.reachBottom()
  assert.deepEqual([itemsOf(page).length, page.data['hasMore']], [2, false])
  print('Ming pulls down, and scrolls to the end.')
}

async function introduce(print: Print, hong: User, picture: string): Promise<void> {
  hong.page.trigger('onOpenMe')
  const me = await hong.waitForPage('pages/me/me')
  // Two starts, and the page itself asks once more.
  assert.deepEqual([me.data['visitCount'], me.data['total']], [3, 1])

  hong.answer('showModal', { confirm: false, cancel: true })
  await me.trigger('onRename', { type: 'confirm', detail: { value: '小红' } })
  assert.equal(me.data['nickName'], 'Guest')
  hong.answer('showModal', { confirm: true, cancel: false })
  await me.trigger('onRename', { type: 'confirm', detail: { value: '小红' } })
  assert.equal(hong.calls.filter(({ api }) => api === 'showModal').length, 2)

  hong.answer('chooseMedia', { tempFiles: [{ tempFilePath: picture }] })
  await me.trigger('onChangeAvatar')
  assert.match(String(me.data['avatar']), /^cloud:.*o-hong\.png$/)
  await hong.back()
  assert.equal(hong.page.data['nickName'], '小红')
  print('Hong takes a name and a picture on the other page; the first page knows the name already.')
}

async function untilShown(page: Page, contents: readonly string[]): Promise<void> {
  await page.waitFor(() => {
    const shown = itemsOf(page).map(({ content }) => content)
    return JSON.stringify(shown) === JSON.stringify(contents)
  })
}

function itemsOf(page: Page): readonly Readonly<Record<string, unknown>>[] {
  const { messages } = page.data
  assert.ok(Array.isArray(messages))
  return messages
}

function isLiked(page: Page): unknown {
  return itemsOf(page)[0]?.['liked']
}

function bookmarksOn(page: Page): unknown[] {
  return itemsOf(page).map(({ bookmarked }) => bookmarked)
}
