import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

const FILE_BYTES = 10 * 1024 * 1024
const COUNT = 30

test('files that a busy function has asked for wait in the storage, not in the host’s memory', async () => {
  await using host = new FunctionHost({ timeoutMs: 30_000, memoryMb: 256 })
  await host.deploy('downloads', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async () => {
          const { fileID } = await cloud.uploadFile({ cloudPath: 'a', fileContent: Buffer.alloc(${FILE_BYTES}, 1) })
          const sizes = []
          const all = []
          for (let index = 0; index < ${COUNT}; index++) {
            all.push(cloud.downloadFile({ fileID }).then(({ fileContent }) => sizes.push(fileContent.length)))
          }
          await Promise.resolve()
          // The calls cross, and nothing comes in.
          await new Promise(resolve => setTimeout(resolve, 0))
          for (const endMs = Date.now() + 2000; Date.now() < endMs; );
          const missing = cloud.downloadFile({ fileID: fileID + 'b' }).then(() => 'there', () => 'missing')
          await Promise.all(all)
          return [sizes.length, sizes[${COUNT} - 1], await missing]
        }
      `,
    },
  })
  // All at once they would be more than its memory.
  const { result } = await host.invoke('downloads')
  expect(result).toEqual([COUNT, FILE_BYTES, 'missing'])
})

test('what a busy function has asked the database for waits there, and nobody else does', async () => {
  const docChars = 4 * 1024 * 1024
  await using host = new FunctionHost({ timeoutMs: 30_000, memoryMb: 1024, autoCreateCollections: true })
  const head = `
    const cloud = require('wx-server-sdk')
    cloud.init()
    const all = cloud.database().collection('all')
  `
  await host.deploy('queries', {
    files: {
      'index.js': `${head}
        exports.main = async ({ count }) => {
          if (count === 0) {
            for (let index = 0; index < 4; index++) await all.add({ data: { text: 'a'.repeat(${docChars}) } })
            return
          }
          const told = []
          const asked = Array.from({ length: count }, () => all.get().then(() => told.push('ok'), error => told.push(error.code ?? error.errCode)))
          await new Promise(resolve => setTimeout(resolve, 0))
          for (const endMs = Date.now() + 3000; Date.now() < endMs; );
          await Promise.all(asked)
          return told
        }
      `,
    },
  })
  await host.deploy('other', {
    files: {
      'index.js': `${head} exports.main = async () => (await all.field({ _id: true }).get()).data.length`,
    },
  })
  await host.invoke('queries', { count: 0 })
  // More than may wait for one invocation's thread, were it read at once.
  const count = Math.floor(LIMITS.hostAnswerChars / (4 * docChars)) + 3
  const running = host.invoke('queries', { count })
  await setTimeout(1500)
  const { result, durationMs } = await host.invoke('other')
  expect(result).toBe(4)
  // The busy one is not done: the other has not waited for it.
  expect(durationMs).toBeLessThan(1500)
  expect((await running).result).toEqual(Array(count).fill('ok'))
})

test('what a function that ends has asked for is not read, and keeps no host from closing', async () => {
  await using host = new FunctionHost({ timeoutMs: 1000, memoryMb: 256, autoCreateCollections: true })
  await host.deploy('leaves', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        const all = cloud.database().collection('all')
        exports.main = async () => {
          await all.add({ data: { text: 'a'.repeat(4_000_000) } })
          for (let index = 0; index < 50; index++) all.get().catch(() => {})
          await new Promise(resolve => setTimeout(resolve, 0))
          for (;;);
        }
      `,
    },
  })
  await expect(host.invoke('leaves')).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
  expect((await host.database.collection('all').count()).total).toBe(1)
})

test('other answers that a busy function does not take are refused when there is too much of them', async () => {
  const chars = 4 * 1024 * 1024
  const count = LIMITS.hostAnswerChars / chars + 4
  await using host = new FunctionHost({ timeoutMs: 30_000, memoryMb: 1024 })
  await host.deploy('large', { files: { 'index.js': `exports.main = () => 'a'.repeat(${chars})` } })
  await host.deploy('calls', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async () => {
          const told = []
          const asked = Array.from({ length: ${count} }, () => cloud.callFunction({ name: 'large' }).then(() => told.push('ok'), error => told.push(error.message)))
          await new Promise(resolve => setTimeout(resolve, 0))
          for (const endMs = Date.now() + 3000; Date.now() < endMs; );
          await Promise.all(asked)
          return told
        }
      `,
    },
  })
  const told = (await host.invoke('calls')).result as string[]
  expect(told).toHaveLength(count)
  const refused = told.filter(one => one !== 'ok')
  expect(refused.length).toBeGreaterThan(0)
  for (const one of refused) expect(one).toContain('characters of answers wait for the function')
})
