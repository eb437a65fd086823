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
          for (const endMs = Date.now() + 1000; Date.now() < endMs; );
          const missing = cloud.downloadFile({ fileID: fileID + 'b' }).then(() => 'there', () => 'missing')
          await Promise.all(all)
          return [sizes.length, sizes[${COUNT} - 1], await missing]
        }
      `,
    },
  })
  const before = process.memoryUsage().external
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().external - before)
  }, 20)
  const { result } = await host.invoke('downloads')
  clearInterval(watch)
  expect(result).toEqual([COUNT, FILE_BYTES, 'missing'])
  // The file itself, what waits, and as much again in between.
  expect(most).toBeLessThan((2 * LIMITS.hostLargeAnswers + 4) * FILE_BYTES)
})
