import { afterAll, beforeAll, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeAll(() => {
  host = new FunctionHost()
})
afterAll(() => host.close())

async function run(name: string, body: string, event: Record<string, unknown> = {}): Promise<unknown> {
  await host.deploy(name, { files: { 'index.js': `exports.main = async event => { ${body} }` } })
  return (await host.invoke(name, event)).result
}

test('the ciphers Node has dropped make what they made', async () => {
  const made = (await run(
    'old',
    `const c = require('crypto')
    const x = c.createCipher('aes-192-cbc', 'a password')
    const e = x.update('some clear text data', 'utf8', 'hex') + x.final('hex')
    const d = c.createDecipher('aes-192-cbc', 'a password')
    return [e, d.update(e, 'hex', 'utf8') + d.final('utf8')]`,
  )) as string[]
  // Node 20's own: EVP_BytesToKey with MD5, one iteration and no salt.
  expect(made).toEqual([
    'ca981be48e90867604588e75d04feabb63cc007a8f8ad89b10616ed84d815504',
    'some clear text data',
  ])
})

test('a key that would take minutes to open is refused, and names the limit', async () => {
  const message = await run(
    'slow-key',
    `const c = require('crypto')
    const { privateKey } = c.generateKeyPairSync('ed25519')
    const der = privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
    const at = der.indexOf(Buffer.from('02020800', 'hex'))
    if (at < 0) return 'no iterations found'
    der.writeUInt16BE(0x7fff, at + 2)
    const quick = (() => { try { c.createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase: 'x' }) } catch (e) { return e.code } })()
    const slow = Buffer.concat([der.subarray(0, at), Buffer.from('02047fffffff', 'hex'), der.subarray(at + 4)])
    // The lengths of what it stands in, each two bytes more.
    for (let i = 0; i < at; i++) if (slow[i] === 0x30) slow[i + (slow[i + 1] === 0x81 ? 2 : 1)] += 2
    try { c.createPrivateKey({ key: slow, format: 'der', type: 'pkcs8', passphrase: 'x' }); return 'opened' } catch (e) { return [quick, e.code, e.message] }`,
  )
  expect(message).toEqual([
    'ERR_OSSL_BAD_DECRYPT',
    'CLOUDLET_VALUE',
    expect.stringContaining('cryptoIterations'),
  ])
})

test('hashes kept at the top level go on from one invocation to the next, as long as they are small', async () => {
  await host.deploy('kept', {
    files: {
      'index.js': `const hash = require('crypto').createHash('md5').update('a')
        exports.main = () => hash.copy().update('b').digest('hex')`,
    },
  })
  for (let count = 0; count < 3; count++) {
    expect((await host.invoke('kept')).result).toBe('187ef4436122d1cc2f40dc2b92f0eba0')
  }
})

test('what an invocation left open is gone in the next', async () => {
  await host.deploy('left', {
    files: {
      'index.js': `const c = require('crypto'); let cipher
        exports.main = () => {
          if (cipher === undefined) { cipher = c.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)); cipher.update('a'); cipher.update('b'); return 'open' }
          try { cipher.final(); return 'still open' } catch (error) { return error.code }
        }`,
    },
  })
  expect((await host.invoke('left')).result).toBe('open')
  expect((await host.invoke('left')).result).toBe('CLOUDLET_VALUE')
})

test('loading the modules asks the host for nothing', async () => {
  const source = `const crypto = require('crypto'); require('zlib')
    exports.main = () => [typeof globalThis.crypto.subtle, typeof crypto.createHash]`
  await host.deploy('loads', { files: { 'index.js': source } }, { capabilities: [] })
  expect((await host.invoke('loads')).result).toEqual(['object', 'function'])
})

test('a function has it, whatever else it may use', async () => {
  await host.deploy(
    'none',
    {
      files: {
        'index.js': `exports.main = () => require('crypto').createHash('md5').update('a').digest('hex')`,
      },
    },
    { capabilities: [] },
  )
  expect((await host.invoke('none')).result).toBe('0cc175b9c0f1b6a831c399e269772661')
})

test('non-extractable keys stay in, whatever the program has done to the built-ins', async () => {
  const seen = await run(
    'extract',
    `const seen = []
    const secret = Buffer.from('0123456789abcdef')
    const key = await crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'wrapKey'])
    const watch = value => { try { if (ArrayBuffer.isView(value) && Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(secret)) seen.push('bytes') } catch {} }
    const { isView } = ArrayBuffer
    for (const proto of [Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), Buffer.prototype, Array.prototype, Map.prototype, Function.prototype]) {
      for (const name of Object.getOwnPropertyNames(proto)) {
        const descriptor = Object.getOwnPropertyDescriptor(proto, name)
        if (name === 'constructor' || typeof descriptor.value !== 'function' || !descriptor.configurable) continue
        const original = descriptor.value
        if (proto === Function.prototype && (name === 'call' || name === 'apply')) continue
        Object.defineProperty(proto, name, { ...descriptor, value: function (...args) { if (isView(this)) watch(this); for (let i = 0; i < args.length; i++) if (isView(args[i])) watch(args[i]); return Reflect.apply(original, this, args) } })
      }
    }
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, new Uint8Array(3))
    const refused = []
    for (const use of [() => crypto.subtle.exportKey('raw', key), () => crypto.subtle.exportKey('jwk', key), () => JSON.stringify(key) === '{}' ? Promise.reject(new Error('nothing')) : 0]) {
      try { await use(); refused.push('given') } catch (error) { refused.push(error.name) }
    }
    const own = [...Object.getOwnPropertyNames(key), ...Object.getOwnPropertySymbols(key)].length
    return { seen, refused, own }`,
  )
  expect(seen).toEqual({ seen: [], refused: ['InvalidAccessError', 'InvalidAccessError', 'Error'], own: 0 })
})
