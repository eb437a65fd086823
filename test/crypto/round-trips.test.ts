import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import fc from '../random.ts'

const HANDLER = `const c = require('crypto')
const z = require('zlib')
const cut = (bytes, cuts) => {
  const ends = [...cuts.map(n => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end))
}
exports.main = ({ base64, cuts, mode }) => {
  const bytes = Buffer.from(base64, 'base64')
  const hash = c.createHash('sha512'); const hmac = c.createHmac('md5', 'key')
  for (const part of cut(bytes, cuts)) { hash.update(part); hmac.update(part) }
  const key = Buffer.alloc(32, 1); const iv = Buffer.alloc(mode === 'gcm' ? 12 : 16, 2)
  const x = c.createCipheriv('aes-256-' + mode, key, iv)
  const encrypted = Buffer.concat([...cut(bytes, cuts).map(part => x.update(part)), x.final()])
  const y = c.createDecipheriv('aes-256-' + mode, key, iv)
  if (mode === 'gcm') y.setAuthTag(x.getAuthTag())
  const decrypted = Buffer.concat([...cut(encrypted, cuts).map(part => y.update(part)), y.final()])
  const raw = z.deflateRawSync(bytes); const gzip = z.gzipSync(bytes, { level: 1 })
  const text = b => b.toString('base64')
  return { hash: hash.digest('hex'), hmac: hmac.digest('hex'), encrypted: text(encrypted), same: decrypted.equals(bytes),
    raw: text(raw), gzip: text(gzip), inflated: z.inflateRawSync(raw).equals(bytes) && z.gunzipSync(gzip).equals(bytes) }
}`

let host: FunctionHost
beforeAll(async () => {
  host = new FunctionHost()
  await host.deploy('trips', { files: { 'index.js': HANDLER } })
})
afterAll(() => host.close())

test('random data, cut anywhere, makes what it makes in Node', { timeout: 60_000 }, async () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ minLength: 60_000, maxLength: 80_000 }),
  )
  const modes = fc.constantFrom('cbc', 'ctr', 'gcm')
  await fc.assert(
    fc.asyncProperty(data, fc.array(fc.nat(), { maxLength: 4 }), modes, async (bytes, cuts, mode) => {
      const { result } = await host.invoke('trips', {
        base64: Buffer.from(bytes).toString('base64'),
        cuts,
        mode,
      })
      const made = result as Record<string, string>
      const cipher = createCipheriv(
        `aes-256-${mode}`,
        Buffer.alloc(32, 1),
        Buffer.alloc(mode === 'gcm' ? 12 : 16, 2),
      )
      expect(made).toMatchObject({
        hash: createHash('sha512').update(bytes).digest('hex'),
        hmac: createHmac('md5', 'key').update(bytes).digest('hex'),
        encrypted: Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64'),
        same: true,
        inflated: true,
        raw: deflateRawSync(bytes).toString('base64'),
      })
      expect(gunzipSync(Buffer.from(made.gzip as string, 'base64')).equals(bytes)).toBe(true)
      expect(inflateRawSync(Buffer.from(made.raw as string, 'base64')).equals(bytes)).toBe(true)
    }),
    { numRuns: 100 },
  )
})
