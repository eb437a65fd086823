import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { join, noise, none, openOps } from './host-ops.ts'

const { invocation } = openOps()
const { ask } = invocation()
const code = (value: string) => ({ code: value })
const derKey = (key: KeyObject) =>
  key.type === 'private'
    ? key.export({ type: 'pkcs8', format: 'der' })
    : key.export({ type: 'spki', format: 'der' })
const PUBLIC = { role: 'public', format: 'der', type: 'spki' } as const

test('a key as long as allowed is read, a longer one is not', async () => {
  const args = (size: number) => ({ key: { role: 'public', format: 'pem' }, ...join(noise(size)) })
  expect(await ask('crypto.importKey', args(LIMITS.cryptoKeyBytes))).toHaveProperty('failure')
  await expect(ask('crypto.importKey', args(LIMITS.cryptoKeyBytes + 1))).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
})

test('other parts have a bound too', async () => {
  const args = (size: number) => ({ algorithm: 'md5', hmac: true, ...join(noise(size), 'x') })
  expect((await ask('crypto.hash', args(LIMITS.cryptoPartBytes))).content).toHaveLength(16)
  await expect(ask('crypto.hash', args(LIMITS.cryptoPartBytes + 1))).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
})

test('data of ciphers that take it whole has a bound', async () => {
  for (const algorithm of ['aes-128-ccm', 'aes-128-xts', 'aes-128-cbc-cts']) {
    const update = (size: number) =>
      ask('crypto.cipher', {
        create: {
          encrypt: true,
          algorithm,
          hasIv: true,
          ...(algorithm.endsWith('ccm') && { authTagLength: 16 }),
        },
        steps: [{ step: 'update' }],
        keep: false,
        ...join(
          noise(algorithm.endsWith('xts') ? 32 : 16),
          Buffer.alloc(algorithm.endsWith('ccm') ? 12 : 16),
          Buffer.alloc(size),
        ),
      })
    expect((await update(LIMITS.cryptoWholeBytes)).outcomes).toEqual([{ size: LIMITS.cryptoWholeBytes }])
    await expect(update(LIMITS.cryptoWholeBytes + 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  }
})

test('output has a bound', async () => {
  expect((await ask('crypto.random', { size: LIMITS.cryptoOutputBytes })).content).toHaveLength(
    LIMITS.cryptoOutputBytes,
  )
  await expect(ask('crypto.random', { size: LIMITS.cryptoOutputBytes + 1 })).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
  const xof = (outputLength: number) =>
    ask('crypto.hash', { algorithm: 'shake128', hmac: false, outputLength, ...join(none, 'x') })
  expect((await xof(LIMITS.cryptoOutputBytes)).content).toHaveLength(LIMITS.cryptoOutputBytes)
  await expect(xof(LIMITS.cryptoOutputBytes + 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('keys that are used have a bound, in RSA encryption a lower one', async () => {
  // Numbers of that length are keys enough to be refused or not.
  const jwk = (bits: number) => {
    const n = Buffer.alloc(bits / 8, 0xff).toString('base64url')
    return { role: 'public', format: 'jwk', jwk: { kty: 'RSA', n, e: 'AQAB' } } as const
  }
  const read = (bits: number) => ask('crypto.importKey', { key: jwk(bits), ...join(none) })
  expect((await read(LIMITS.cryptoKeyBits)).details?.modulusLength).toBe(LIMITS.cryptoKeyBits)
  await expect(read(LIMITS.cryptoKeyBits + 8)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  const encrypt = (bits: number) =>
    ask('crypto.rsa', {
      action: 'publicEncrypt',
      key: jwk(bits),
      padding: 1,
      hasLabel: false,
      ...join(none, 'x', none),
    })
  expect((await encrypt(LIMITS.cryptoRsaEncryptBits)).content).toHaveLength(LIMITS.cryptoRsaEncryptBits / 8)
  await expect(encrypt(LIMITS.cryptoRsaEncryptBits + 8)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

/** A DSA key as PKCS #8 of which only the private number is there, and the public one has to be computed. */
function dsaKey(...sizes: [p: number, q: number, g: number, x: number]): Buffer {
  const tlv = (tag: number, ...parts: Uint8Array[]) => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 255]), body])
  }
  const [p, q, g, x] = sizes.map(size => tlv(2, Buffer.alloc(size, 0x7f))) as [Buffer, Buffer, Buffer, Buffer]
  const algorithm = tlv(0x30, Buffer.from('06072a8648ce380401', 'hex'), tlv(0x30, p, q, g))
  return tlv(0x30, Buffer.from('020100', 'hex'), algorithm, tlv(4, x))
}

test('keys that OpenSSL would compute with when it reads them have a bound', async () => {
  const key = { role: 'private', format: 'der', type: 'pkcs8' } as const
  const read = (bytes: Uint8Array) => ask('crypto.importKey', { key, ...join(bytes) })
  const rest = LIMITS.cryptoComputedBits / 8 - 1 - 512 - 32 - 512
  expect(await read(dsaKey(512, 32, 512, rest))).toMatchObject({ type: 'dsa' })
  await expect(read(dsaKey(512, 32, 512, rest + 1))).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  // Minutes, each.
  const slow = dsaKey(8000, 32, 8000, 8000)
  await expect(read(slow)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  const lines = slow.toString('base64').replace(/(.{64})/g, '$1\n')
  for (const before of ['', 'x: y\n\n', 'x: y\nAAAA\n \n']) {
    const pem = `-----BEGIN PRIVATE KEY-----\n${before}${lines}\n-----END PRIVATE KEY-----\n`
    const asked = ask('crypto.importKey', { key: { role: 'private', format: 'pem' }, ...join(pem) })
    await expect(asked).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  }
  // The same without lengths, and with its string in pieces.
  const open = Buffer.concat([Buffer.from('3080', 'hex'), slow.subarray(4), Buffer.from('0000', 'hex')])
  await expect(read(open)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  const pieces = Buffer.from(dsaKey(128, 20, 128, 20))
  pieces[pieces.lastIndexOf(Buffer.from('0482', 'hex'))] = 0x24
  await expect(read(pieces)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('a large public exponent is refused', async () => {
  const n = Buffer.alloc(256, 0xff).toString('base64url')
  const read = (bytes: number) =>
    ask('crypto.importKey', {
      key: {
        role: 'public',
        format: 'jwk',
        jwk: { kty: 'RSA', n, e: Buffer.alloc(bytes, 0xff).toString('base64url') },
      },
      ...join(none),
    })
  expect((await read(8)).details?.publicExponent).toBe('f'.repeat(16))
  await expect(read(9)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('generated keys and primes have bounds', async () => {
  const pair = (fields: object) => ask('crypto.generateKeyPair', { ...fields, ...join(none) })
  for (const fields of [
    { type: 'rsa', modulusLength: LIMITS.cryptoGenerateBits + 1 },
    { type: 'dsa', modulusLength: LIMITS.cryptoDsaBits + 1 },
    { type: 'dh', primeLength: LIMITS.cryptoSafePrimeBits + 1 },
  ]) {
    await expect(pair(fields)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  }
  const prime = (bits: number, safe: boolean) =>
    ask('crypto.generatePrime', { bits, safe, ...join(none, none) })
  await expect(prime(LIMITS.cryptoGenerateBits + 1, false)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(prime(LIMITS.cryptoSafePrimeBits + 1, true)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  const check = (bytes: number, checks: number) =>
    ask('crypto.checkPrime', { checks, ...join(Buffer.alloc(bytes, 0xfe)) })
  expect(await check(LIMITS.cryptoGenerateBits / 8, LIMITS.cryptoPrimeChecks)).toEqual({ prime: false })
  await expect(check(LIMITS.cryptoGenerateBits / 8 + 1, 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(check(1, LIMITS.cryptoPrimeChecks + 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('the largest keys and primes that are allowed can be made', { timeout: 120_000 }, async () => {
  const rsa = await ask('crypto.generateKeyPair', {
    type: 'rsa',
    modulusLength: LIMITS.cryptoGenerateBits,
    ...join(none),
  })
  expect(rsa.failure).toBeUndefined()
  const prime = await ask('crypto.generatePrime', {
    bits: LIMITS.cryptoSafePrimeBits,
    safe: true,
    ...join(none, none),
  })
  expect(prime.content).toHaveLength(LIMITS.cryptoSafePrimeBits / 8)
})

test('iterations have a bound, for each 64 bytes', async () => {
  const derive = (iterations: number, size: number) =>
    ask('crypto.derive', { method: { name: 'pbkdf2', iterations, digest: 'sha1' }, size, ...join('p', 's') })
  expect((await derive(LIMITS.cryptoIterations, 20)).content).toHaveLength(20)
  await expect(derive(LIMITS.cryptoIterations + 1, 20)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(derive(LIMITS.cryptoIterations / 2 + 1, 65)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('memory and work of scrypt have a bound', async () => {
  const derive = (N: number, r: number, p: number) =>
    ask('crypto.derive', {
      method: { name: 'scrypt', N, r, p, maxmem: 2 ** 40 },
      size: 16,
      ...join('p', 's'),
    })
  const N = LIMITS.cryptoScryptBytes / 128 / 8
  expect((await derive(N, 8, 1)).content).toHaveLength(16)
  await expect(derive(N * 2, 8, 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(derive(N, 9, 1)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(derive(N, 8, 5)).rejects.toMatchObject(code('CLOUDLET_VALUE'))
})

test('an invocation keeps so many open, and none after its end', async () => {
  const { ask: askOther, end } = invocation()
  const create = { algorithm: 'md5', hmac: false }
  const ids: string[] = []
  for (let index = 0; index < LIMITS.nativeHandles; index++) {
    ids.push((await askOther('crypto.hashStream', { create, end: false, ...join(none, 'a') })).id as string)
  }
  const one = { create, end: false, ...join(none, 'a') }
  await expect(askOther('crypto.hashStream', one)).rejects.toMatchObject(code('CLOUDLET_OVERLOADED'))
  const digest = { id: ids[0], end: true, ...join('b') }
  expect(
    Buffer.from((await askOther('crypto.hashStream', digest)).content as Uint8Array).toString('hex'),
  ).toBe('187ef4436122d1cc2f40dc2b92f0eba0')
  expect((await askOther('crypto.hashStream', one)).id).toBeTypeOf('string')
  // Nobody else's, and nobody's after the end.
  await expect(ask('crypto.hashStream', { id: ids[1], end: true, ...join('b') })).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
  end()
  await expect(askOther('crypto.hashStream', { id: ids[1], end: true, ...join('b') })).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
  await expect(askOther('crypto.hashStream', one)).rejects.toMatchObject(code('CLOUDLET_CANCELLED'))
})

test('a kind of handle is no other kind', async () => {
  const { id } = await ask('crypto.hashStream', {
    create: { algorithm: 'md5', hmac: false },
    end: false,
    ...join(none, 'a'),
  })
  await expect(
    ask('crypto.cipher', { id, steps: [{ step: 'final' }], keep: false, ...join() }),
  ).rejects.toMatchObject(code('CLOUDLET_VALUE'))
  await expect(ask('zlib.write', { id, keep: false, ...join(none) })).rejects.toMatchObject(
    code('CLOUDLET_VALUE'),
  )
})

test('an error that one op leaves behind in OpenSSL is not the next one’s', async () => {
  const bytes = derKey(generateKeyPairSync('ed25519').publicKey)
  const scrypt = {
    method: { name: 'scrypt', N: 2 ** 18, r: 8, p: 1, maxmem: 2 ** 25 },
    size: 16,
    ...join('p', 's'),
  }
  expect(await ask('crypto.derive', scrypt)).toHaveProperty('failure')
  expect(await ask('crypto.spkac', { action: 'publicKey', ...join('x') })).toHaveProperty('content')
  expect(await ask('crypto.importKey', { key: PUBLIC, ...join(bytes) })).toMatchObject({ type: 'ed25519' })
})

test('many steps of a cipher leave the host’s thread to others in between', async () => {
  // Nearly two seconds of it in all.
  const pieces = Array.from({ length: 60 }, () => new Uint8Array(16 * 1024))
  let turns = 0
  const count = setInterval(() => turns++, 1)
  await ask('crypto.cipher', {
    create: { encrypt: true, algorithm: 'des-ede3-cfb1', hasIv: true },
    steps: pieces.map(() => ({ step: 'update' })),
    keep: false,
    ...join(
      new Uint8Array(24).map((_, index) => index * 7),
      new Uint8Array(8),
      ...pieces,
    ),
  })
  clearInterval(count)
  expect(turns).toBeGreaterThan(60)
})

test('many short computations leave threads of the pool to files', async () => {
  const [pbkdf2, ec] = [
    { name: 'pbkdf2', iterations: 10_000, digest: 'sha512' },
    generateKeyPairSync('ed448'),
  ]
  const key = { role: 'private', format: 'der', type: 'pkcs8' } as const
  const der = ec.privateKey.export({ format: 'der', type: 'pkcs8' })
  const signing = { key, hasContext: false, ...join(der, new Uint8Array(1024 * 1024), none) }
  let doneCount = 0
  const asked = Array.from({ length: 200 }, (_, index) =>
    (index % 2 === 0
      ? ask('crypto.derive', { method: pbkdf2, size: 64, ...join('p', 's') })
      : ask('crypto.sign', signing)
    ).then(() => doneCount++),
  )
  await readFile(new URL(import.meta.url))
  expect(doneCount).toBeLessThan(100)
  await Promise.all(asked)
})
