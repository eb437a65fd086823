import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

/**
 * Innocent code that plain isolated-vm kills: a 10 KB echo at 64 in flight on one isolate dies of "memory limit"
 * within some thousand calls, at any cap, because what its entries carried is not freed while more entries wait
 * (native-notes/memory.md). One entry at a time is what keeps it alive here, at the smallest cap there is.
 */
test('10 KB echoes through one instance of 8 MB, 64 waiting at all times, survive', {
  timeout: 120_000,
}, async () => {
  await host.deploy('echo', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async event => event.list ? event : null`,
    },
    config: { memorySize: 8, concurrency: 1 },
  })
  const list = Array.from({ length: 100 }, (_, i) => ({
    i,
    name: `user name ${i}`,
    text: 'x'.repeat(60),
    tags: ['a', 'b'],
  }))
  let done = 0
  const work = async (): Promise<void> => {
    while (done < 6000) {
      done++
      const { result } = await host.invoke('echo', { list })
      if ((result as { list: unknown[] }).list.length !== 100) throw new Error('echoed wrongly')
    }
  }
  await Promise.all(Array.from({ length: 64 }, work))
  expect(host.stats().instances).toMatchObject({ createdCount: 1, recycledCount: {} })
})

test('host calls answered with 100 KB each, many at once, survive in 16 MB', {
  timeout: 120_000,
}, async () => {
  await host.database.createCollection('big')
  await host.database.collection('big').add({ data: { _id: 'x', text: 'y'.repeat(100_000) } })
  await host.deploy('reader', {
    files: {
      'index.js': `const cloud = require('wx-server-sdk')
        cloud.init()
        const db = cloud.database()
        exports.main = async () => {
          let chars = 0
          for (let round = 0; round < 50; round++) {
            const docs = await Promise.all(Array.from({ length: 10 }, () => db.collection('big').doc('x').get()))
            for (const { data } of docs) chars += data.text.length
          }
          return chars
        }`,
    },
    config: { memorySize: 16 },
  })
  expect((await host.invoke('reader')).result).toBe(50 * 10 * 100_000)
  expect(host.stats().instances.recycledCount).toEqual({})
})
