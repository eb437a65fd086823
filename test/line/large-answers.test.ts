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

test('what a busy function has asked the database for is refused when too much of it waits', async () => {
  const most = LIMITS.hostAnswerChars
  const docChars = 4 * 1024 * 1024
  await using host = new FunctionHost({ timeoutMs: 30_000, memoryMb: 1024, autoCreateCollections: true })
  await host.deploy('queries', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        const all = cloud.database().collection('all')
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
  await host.invoke('queries', { count: 0 })
  // With their ids, four documents are a little longer than a quarter of the limit.
  const fit = Math.floor(most / (4 * docChars + 1))
  expect((await host.invoke('queries', { count: fit })).result).toEqual(Array(fit).fill('ok'))
  const told = (await host.invoke('queries', { count: fit + 3 })).result as unknown[]
  expect(told.filter(one => one === 'ok').length).toBeLessThan(fit + 3)
})
