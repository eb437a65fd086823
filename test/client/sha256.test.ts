import { expect, test } from 'vitest'
import { Sha256 } from '../../src/client/sha256.ts'
import fc from '../random.ts'
import { sha256Of } from './temporary-files.ts'

test('is that of Node, whatever the pieces', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 })
  const run = fc.property(pieces, contents => {
    const hash = new Sha256()
    for (const content of contents) hash.update(content)
    expect(hash.digest()).toBe(sha256Of(Buffer.concat(contents)))
  })
  fc.assert(run, { numRuns: 2000 })
})

test.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1_000_000])('of %i bytes', sizeBytes => {
  const content = new Uint8Array(sizeBytes).fill(0xa5)
  const hash = new Sha256()
  hash.update(content)
  expect(hash.digest()).toBe(sha256Of(content))
})
