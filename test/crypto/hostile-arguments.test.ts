import { expect, test } from 'vitest'
import { OPS, type OpName } from '../../src/protocol/calls.ts'
import fc from '../random.ts'
import { join, noise, none, openOps } from './host-ops.ts'

const { incidents, invocation, dispatcher } = openOps()
const { ask } = invocation()
const NATIVE = Object.keys(OPS).filter(op => /^(?:crypto|zlib)\./.test(op)) as OpName[]
const KEY = { role: 'private', format: 'der', type: 'pkcs8' } as const

/** Arguments that are well-formed, with bytes that mean nothing, or too much. */
const PLAUSIBLE: Readonly<Record<string, object[]>> = {
  'crypto.cipherInfo': [{ nameOrNid: '__proto__' }, { nameOrNid: 4294967295, keyLength: 0 }],
  'crypto.hash': [
    { algorithm: 'constructor', hmac: false },
    { algorithm: '', hmac: true },
    { algorithm: 'sha256', hmac: false, outputLength: 1 },
  ],
  'crypto.hashStream': [
    { id: '__proto__', end: true },
    { end: true },
    { id: 'x', create: { algorithm: 'md5', hmac: false }, end: true },
  ],
  'crypto.hashCopy': [{ id: 'constructor' }],
  'crypto.cipher': [
    { steps: [], keep: true },
    { id: 'toString', steps: [{ step: 'final' }], keep: false },
    {
      create: { encrypt: true, algorithm: 'aes-128-cbc', hasIv: true },
      steps: [{ step: 'update' }, { step: 'update' }, { step: 'update' }],
      keep: true,
    },
    {
      create: { encrypt: false, algorithm: 'aes-128-gcm', hasIv: true, authTagLength: 4294967295 },
      steps: [{ step: 'setAuthTag' }],
      keep: false,
    },
    {
      create: { encrypt: true, algorithm: 'aes-128-ctr', hasIv: false },
      steps: [{ step: 'getAuthTag' }],
      keep: false,
    },
  ],
  'crypto.importKey': [
    { key: KEY },
    { key: { role: 'public', format: 'pem' } },
    { key: { role: 'public', format: 'jwk', jwk: { kty: 'RSA' } } },
    { key: { role: 'private', format: 'jwk' } },
  ],
  'crypto.exportKey': [
    { key: KEY, encoding: 'jwk' },
    { key: KEY, encoding: { format: 'pem', type: 'sec1', cipher: '../../x' } },
  ],
  'crypto.sign': [{ key: KEY, hasContext: true, algorithm: 'sha256' }],
  'crypto.verify': [
    { key: { ...KEY, role: 'public' }, hasContext: true, padding: -2147483648, saltLength: 2147483647 },
  ],
  'crypto.rsa': [{ action: 'privateDecrypt', key: KEY, padding: 99, oaepHash: 'x', hasLabel: true }],
  'crypto.generateKeyPair': [
    { type: 'constructor' },
    { type: 'ec', namedCurve: '__proto__' },
    { type: 'rsa' },
    { type: 'rsa', modulusLength: 0 },
    { type: 'dh' },
    { type: 'rsa', modulusLength: 512, publicExponent: 4 },
  ],
  'crypto.derive': [
    { method: { name: 'pbkdf2', iterations: 1, digest: 'x' }, size: 0 },
    { method: { name: 'scrypt', N: 0, r: 0, p: 0, maxmem: -1 }, size: 8 },
    { method: { name: 'scrypt', N: 2, r: 4294967295, p: 4294967295, maxmem: 9007199254740991 }, size: 8 },
    { method: { name: 'hkdf', digest: 'md5' }, size: 1048576 },
  ],
  'crypto.diffieHellman': [{ privateKey: KEY, publicKey: { ...KEY, role: 'public' } }],
  'crypto.ecdh': [
    { action: 'convert', curve: 'prime256v1' },
    { action: 'secret', curve: '__proto__' },
  ],
  'crypto.generatePrime': [
    { bits: 1, safe: true },
    { bits: 8, safe: false },
  ],
  'crypto.checkPrime': [{ checks: 0 }],
  'crypto.spkac': [{ action: 'verify' }, { action: 'challenge' }],
  'crypto.certificate': [{ action: 'read' }, { action: 'checkHost', text: '\u0000' }],
  'crypto.random': [{ size: 0 }],
  'zlib.write': [
    { keep: true },
    { id: '__proto__', flush: 4, keep: true },
    {
      create: { mode: 1, hasDictionary: true, chunkSize: 64, windowBits: -2147483648 },
      flush: 4,
      keep: false,
    },
    {
      create: { mode: 9, hasDictionary: false, chunkSize: 9007199254740991, params: [[999, -1]] },
      flush: 5,
      keep: false,
    },
    {
      create: { mode: 10, hasDictionary: false, chunkSize: 64, pledgedSrcSize: 9007199254740991 },
      flush: 2,
      keep: false,
    },
    { create: { mode: 7, hasDictionary: false, chunkSize: 64 }, flush: 5, keep: true },
  ],
  'zlib.params': [{ id: 'x', level: 99, strategy: 99 }],
  'zlib.close': [{ id: '__proto__' }],
}
const BYTES = [
  none,
  Buffer.from('x'),
  noise(40),
  Buffer.alloc(5000, 0x30),
  Buffer.from('-----BEGIN PRIVATE KEY-----\n'.repeat(100)),
]

test.each(NATIVE)('%s answers, or refuses by name', { timeout: 60_000 }, async op => {
  for (const args of PLAUSIBLE[op] ?? [{}]) {
    for (const count of [0, 1, 2, 3, 4, 5]) {
      for (const bytes of BYTES) {
        const sent =
          'content' in OPS[op].args.properties ? { ...args, ...join(...Array(count).fill(bytes)) } : args
        const answer = await ask(op, sent).catch((error: { code?: string }) => {
          expect(['CLOUDLET_VALUE', 'CLOUDLET_OVERLOADED']).toContain(error.code)
          return {}
        })
        const told = JSON.stringify((answer as { failure?: object }).failure ?? {})
        expect(told).not.toMatch(/\/(?:src|node_modules|home|work)\/|\bat .*:\d+:\d+/)
      }
    }
  }
  expect(incidents).toEqual([])
})

test.each(NATIVE)('%s takes no malformed arguments', async op => {
  await fc.assert(
    fc.asyncProperty(fc.anything({ maxDepth: 3 }), fc.anything(), async (value, content) => {
      const args = typeof value === 'object' && value !== null ? { ...value, content } : value
      const outcome = await ask(op, args as object).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      )
      // Ops without arguments take none as well.
      expect(op === 'crypto.names' ? ['answered', 'CLOUDLET_VALUE'] : ['CLOUDLET_VALUE']).toContain(outcome)
    }),
    { numRuns: 60 },
  )
  expect(incidents).toEqual([])
})

test('clients and functions without the capability have none of them', async () => {
  const scope = { kind: 'client', caller: {}, depth: 0, signal: undefined, place: undefined } as never
  const rights = {
    capabilities: new Set(['database', 'storage', 'functions'] as const),
    deniedOps: new Set<OpName>(),
  }
  for (const op of NATIVE) {
    await expect(dispatcher.call(op, {}, rights, scope)).rejects.toMatchObject({
      code: 'CLOUDLET_CAPABILITY_DENIED',
    })
  }
})

test('what is wrong is named, but not searched for in arguments without end', async () => {
  const hash = (sizes: unknown[]) =>
    ask('crypto.hash', { algorithm: 'md5', hmac: false, sizes, content: none })
  await expect(hash(['a'])).rejects.toMatchObject({ path: 'crypto.hash.sizes.0' })
  await expect(hash(Array.from({ length: 1_000_000 }, () => 'a'))).rejects.toMatchObject({
    code: 'CLOUDLET_VALUE',
    path: 'crypto.hash',
  })
})
