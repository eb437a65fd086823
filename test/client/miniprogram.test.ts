/** The build for mini-programs, in a context that has what they have, against a real host. */
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runInContext } from 'node:vm'
import { parse } from 'acorn'
import { describe, expect, test } from 'vitest'
import { freeNames } from './free-names.ts'
import { BUNDLE, openRealm } from './miniprogram-realm.ts'
import { openProgram } from './open-program.ts'
import { distinctBytes, sha256Of, temporaryDirectory } from './temporary-files.ts'

const MIB = 1024 * 1024

describe('the file', () => {
  const text = readFileSync(BUNDLE, 'utf8')

  test('is ES5 from end to end, and the only one in its folder', async () => {
    parse(text, { ecmaVersion: 5, allowReturnOutsideFunction: true })
    expect(await readdir(dirname(BUNDLE))).toEqual(['index.js'])
    const { miniprogram, files } = JSON.parse(
      readFileSync(join(dirname(BUNDLE), '../../package.json'), 'utf8'),
    )
    expect(join(dirname(BUNDLE), '../..', miniprogram)).toBe(dirname(BUNDLE))
    expect(files).toContain('dist')
  })

  test('uses what mini-programs have and nothing else, requires nothing and evaluates no text', () => {
    expect(freeNames(text)).toEqual([
      ...[
        'Array',
        'ArrayBuffer',
        'Boolean',
        'DataView',
        'Date',
        'Error',
        'Function',
        'Int32Array',
        'Iterator',
      ],
      ...['JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'RangeError', 'ReferenceError', 'Reflect'],
      ...['RegExp', 'Set', 'String', 'Symbol', 'TypeError', 'Uint8Array', 'WeakMap', 'WeakSet'],
      ...['clearInterval', 'clearTimeout', 'module', 'setInterval', 'setTimeout', 'wx'],
    ])
    // `Iterator` is only asked after, by the lowered generators.
    expect(text.replaceAll('typeof Iterator?Iterator:Object', '')).not.toMatch(/\bIterator\b/)
    expect(text.match(/new Function\b|\bFunction\(/g)).toBeNull()
    // Methods that came after 2017; none of the client's own has such a name.
    const later =
      /\.(?:at|findLast|flat|flatMap|finally|matchAll|replaceAll|toSorted|trimEnd|trimStart|hasOwn|fromEntries|allSettled|withResolvers|asyncIterator)\b/g
    expect(text.match(later)).toBeNull()
  })

  test('exports createCloud', async () => {
    const { realm } = openRealm(await temporaryDirectory())
    expect(runInContext("Object.keys(require('cloudlet')).join()", realm)).toBe('createCloud')
  })

  test('is not large', () => {
    expect(text.length).toBeLessThan(160 * 1024)
  })

  test('adds no global', async () => {
    const { realm } = openRealm(await temporaryDirectory())
    const names = runInContext('Object.getOwnPropertyNames(this).sort().join()', realm)
    const { realm: bare } = openRealm(await temporaryDirectory(), '')
    expect(names).toBe(runInContext('Object.getOwnPropertyNames(this).sort().join()', bare))
    expect(runInContext('typeof AbortController + typeof globalThis + typeof BigInt', realm)).toBe(
      'undefined'.repeat(3),
    )
  })

  test('says what it is for where there is no wx', async () => {
    const { realm } = openRealm(await temporaryDirectory())
    runInContext('wx = undefined', realm)
    expect(() => runInContext("require('cloudlet').createCloud({ url: 'ws://x' })", realm)).toThrow(
      /this build of the client is for mini-programs/,
    )
  })
})

describe('a mini-program', () => {
  test('calls functions, in both styles', async () => {
    const { run } = await openProgram()
    expect(
      await run(
        "return wx.cloud.callFunction({ name: 'echo', data: { text: '你好 😀', when: new Date(5) } })",
      ),
    ).toEqual({
      errMsg: 'cloud.callFunction:ok',
      requestID: expect.any(String),
      result: {
        event: { text: '你好 😀', when: '1970-01-01T00:00:00.005Z', userInfo: expect.anything() },
        openid: 'o-mini',
      },
    })
    expect(await run("return wx.cloud.callFunction({ name: 'fail' })")).toEqual({
      failure: {
        errCode: -504002,
        errMsg: expect.stringMatching(
          /^cloud\.callFunction:fail Error: errCode: -504002 .*TypeError: as it should/,
        ),
      },
    })
    const heard = await run(`return new Promise(function (resolve) {
      var heard = []
      var returned = wx.cloud.callFunction({
        name: 'nowhere',
        success: function () { heard.push('success') },
        fail: function (error) { heard.push(error.errCode, error instanceof Error) },
        complete: function (error) { heard.push(error.errMsg.split(' ')[0], typeof returned); resolve(heard) },
      })
    })`)
    expect(heard).toEqual([-501000, true, 'cloud.callFunction:fail', 'undefined'])
  })

  test('uses the database: commands, dates, places, aggregation, permissions', async () => {
    const { run } = await openProgram()
    const answer = await run(`
      var db = wx.cloud.database()
      var _ = db.command
      var notes = db.collection('notes')
      for (var n = 1; n <= 5; n++) {
        await notes.add({ data: { n: n, at: new Date(n), tags: ['a', n], where: new db.Geo.Point(113 + n, 23) } })
      }
      var some = await notes.where({ n: _.gt(1).and(_.lt(5)), at: _.gte(new Date(2)), tags: /a/ }).orderBy('n', 'desc').limit(2).get()
      var near = await notes.where({ where: _.geoNear({ geometry: db.Geo.Point(114, 23), maxDistance: 1000 }) }).get()
      var grouped = await notes.aggregate().group({ _id: null, sum: db.command.aggregate.sum('$n') }).end()
      var one = notes.doc(some.data[0]._id)
      await one.update({ data: { tags: _.push(['new']), at: db.serverDate() } })
      var updated = (await one.get()).data
      var counted = await notes.where(_.or([{ n: 1 }, { n: 2 }])).count()
      var removed = await one.remove()
      return {
        some: some.data.map(function (note) { return [note.n, note.at instanceof Date, note.where.longitude, note._openid] }),
        errMsg: some.errMsg, near: near.data.length, sum: grouped.list[0].sum,
        tags: updated.tags, isRecent: Math.abs(updated.at - new Date()) < 60000, total: counted.total, stats: removed.stats,
      }`)
    expect(answer).toEqual({
      some: [
        [4, true, 117, 'o-mini'],
        [3, true, 116, 'o-mini'],
      ],
      errMsg: 'collection.get:ok',
      near: 1,
      sum: 15,
      tags: ['a', 4, 'new'],
      isRecent: true,
      total: 2,
      stats: { removed: 1 },
    })
  })

  test('may not write what is another’s', async () => {
    const { run, host } = await openProgram()
    await host.database.collection('notes').add({ data: { _id: 'theirs', _openid: 'o-else', n: 1 } })
    expect(
      await run("return wx.cloud.database().collection('notes').doc('theirs').update({ data: { n: 2 } })"),
    ).toMatchObject({ stats: { updated: 0 } })
  })

  test('watches, also across a connection that breaks', async () => {
    const { run, host, wx, proxy } = await openProgram()
    const notes = host.database.collection('notes')
    await notes.add({ data: { _id: 'first', n: 1 } })
    const heard = run(`return new Promise(function (resolve, reject) {
      var heard = []
      var watch = wx.cloud.database().collection('notes').where({ n: wx.cloud.database().command.gte(1) }).watch({
        onChange: function (snapshot) {
          heard.push([snapshot.type, snapshot.docChanges.map(function (change) { return change.queueType + ' ' + change.docId })])
          if (snapshot.docs.length === 3) watch.close().then(function () { resolve(heard) })
        },
        onError: reject,
      })
    })`)
    await expect.poll(() => wx.messageCount).toBeGreaterThan(1)
    await notes.add({ data: { _id: 'second', n: 2 } })
    await expect.poll(() => wx.messageCount).toBeGreaterThan(2)
    proxy.cut()
    await notes.add({ data: { _id: 'third', n: 3 } })
    expect(await heard).toEqual([
      ['init', ['init first']],
      [null, ['enqueue second']],
      [null, ['enqueue third']],
    ])
    expect(proxy.connectionCount).toBe(2)
  })

  test('connects again for the call after its sockets were cut', async () => {
    const { run, wx, proxy } = await openProgram()
    const call = "return (await wx.cloud.callFunction({ name: 'echo' })).result.openid"
    expect(await run(call)).toBe('o-mini')
    wx.cutSockets()
    await expect.poll(() => run('return wx.cloud.status')).toBe('idle')
    expect(await run(call)).toBe('o-mini')
    expect(proxy.connectionCount).toBe(2)
  })

  test('is told when there is no host', async () => {
    const { run, host } = await openProgram()
    await host.close()
    expect(await run("return wx.cloud.callFunction({ name: 'echo' })")).toEqual({
      failure: {
        errCode: -1,
        errMsg: expect.stringMatching(/^cloud\.callFunction:fail Can't connect to ws:/),
      },
    })
    expect(await run('return wx.cloud.status')).toBe('idle')
  })

  test('is told when it has no socket left', async () => {
    const { run, proxy } = await openProgram()
    await run(`for (var n = 0; n < 5; n++) wx.connectSocket({ url: '${proxy.url}' })`)
    expect(await run("return wx.cloud.callFunction({ name: 'echo' })")).toEqual({
      failure: { errCode: -1, errMsg: expect.stringContaining('connectSocket:fail exceed max task count') },
    })
  })
})

describe('files of a mini-program', () => {
  test.each([0, 5, MIB, 3 * MIB + 7])('of %i bytes go there and back', async sizeBytes => {
    const { run, wx, directory } = await openProgram()
    const content = distinctBytes(sizeBytes)
    await writeFile(join(directory, 'tmp_photo.png'), content)
    const answer = (await run(`
      var sent = []
      var uploaded = await new Promise(function (resolve, reject) {
        var task = wx.cloud.uploadFile({ cloudPath: 'photos/a.png', filePath: 'wxfile://tmp_photo.png', success: resolve, fail: reject })
        task.onProgressUpdate(function (event) { sent.push(event.totalBytesSent) })
      })
      var downloaded = await wx.cloud.downloadFile({ fileID: uploaded.fileID })
      return { sent: sent, errMsg: uploaded.errMsg, path: downloaded.tempFilePath }`)) as Record<
      string,
      unknown
    >
    expect(answer).toEqual({
      sent: sizeBytes <= MIB ? [sizeBytes] : [MIB, 2 * MIB, 3 * MIB, sizeBytes],
      errMsg: 'cloud.uploadFile:ok',
      path: expect.stringMatching(/^wxfile:\/\/usr\/cloudlet-[\w-]+\.png$/),
    })
    expect(sha256Of(await readFile(wx.placeOf(String(answer['path']))))).toBe(sha256Of(content))
  })

  test('go on over a new connection, and leave nothing when they are aborted', async () => {
    const { run, proxy, directory } = await openProgram()
    await writeFile(join(directory, 'tmp_film'), distinctBytes(6 * MIB))
    const uploading = run(`
      return new Promise(function (resolve, reject) {
        var task = wx.cloud.uploadFile({ cloudPath: 'film', filePath: 'wxfile://tmp_film', success: resolve, fail: reject })
        task.onProgressUpdate(function (event) { if (event.totalBytesSent === 2 * 1048576) wx.cutSockets() })
      })`)
    const { fileID } = (await uploading) as { fileID: string }
    expect(proxy.connectionCount).toBe(2)
    const aborted = await run(`
      return new Promise(function (resolve, reject) {
        var task = wx.cloud.downloadFile({ fileID: '${fileID}', success: reject, fail: resolve })
        task.onProgressUpdate(function (event) { if (event.totalBytesWritten > 0) task.abort() })
      })`)
    expect(aborted).toMatchObject({ errMsg: 'cloud.downloadFile:fail abort' })
    await expect.poll(() => readdir(join(directory, 'usr'))).toEqual([])
  })

  test('are fetched by wx.downloadFile where the program wants that', async () => {
    const { run, wx, directory } = await openProgram("openid: 'o-mini', downloadBy: 'url'")
    await writeFile(join(directory, 'tmp_a'), 'by url')
    const path = await run(`
      var uploaded = await wx.cloud.uploadFile({ cloudPath: 'a.txt', filePath: 'wxfile://tmp_a' })
      return (await wx.cloud.downloadFile({ fileID: uploaded.fileID })).tempFilePath`)
    expect(await readFile(wx.placeOf(String(path)), 'utf8')).toBe('by url')
    expect(wx.downloadCount).toBe(1)
    expect(await run("return wx.cloud.downloadFile({ fileID: 'cloud://local.none/none' })")).toMatchObject({
      failure: { errCode: -503003, errMsg: expect.stringContaining('cloud.downloadFile:fail') },
    })
  })

  test('by wx.downloadFile are aborted there', async () => {
    const { run, wx, directory } = await openProgram("openid: 'o-mini', downloadBy: 'url'")
    await writeFile(join(directory, 'tmp_a'), 'by url')
    const outcome = await run(`
      var uploaded = await wx.cloud.uploadFile({ cloudPath: 'a.txt', filePath: 'wxfile://tmp_a' })
      return new Promise(function (resolve, reject) {
        var task = wx.cloud.downloadFile({ fileID: uploaded.fileID, success: reject, fail: resolve })
        var start = wx.downloadFile
        wx.downloadFile = function (options) {
          var transfer = start.call(wx, options)
          setTimeout(function () { task.abort() })
          return transfer
        }
      })`)
    expect(outcome).toMatchObject({ errMsg: 'cloud.downloadFile:fail abort' })
    await expect.poll(() => wx.abortCount).toBe(1)
  })

  test.each(["''", '5', 'undefined', "'wxfile://nowhere'"])('filePath %s fails', async filePath => {
    const { run } = await openProgram()
    expect(await run(`return wx.cloud.uploadFile({ cloudPath: 'a', filePath: ${filePath} })`)).toEqual({
      failure: { errCode: expect.any(Number), errMsg: expect.stringContaining('cloud.uploadFile:fail') },
    })
  })
})
