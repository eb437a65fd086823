import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Dispatcher } from '../../src/capabilities/dispatch.ts'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

const EVALUATE = `const fs = require('fs')
exports.main = async ({ body }) => {
  try { return { value: await new (async () => {}).constructor('fs', body)(fs) } }
  catch (error) { return { error: { code: error.code, syscall: error.syscall, message: error.message } } }
}`
const MEMORY_MB = 64
const CAP = MEMORY_MB * 2 ** 20 * LIMITS.tmpMemoryShare

let host: FunctionHost
beforeAll(async () => {
  host = new FunctionHost({ memoryMb: MEMORY_MB })
})
afterAll(() => host.close())

/** Each in an instance of its own. */
async function evaluate(body: string): Promise<unknown> {
  await host.deploy('limits', { files: { 'index.js': EVALUATE } })
  const { result } = await host.invoke('limits', { body })
  const { value, error } = result as { value?: unknown; error?: unknown }
  return error ?? value
}

describe('/tmp', () => {
  test('is full at half of the memory, and not before', async () => {
    const told =
      await evaluate(`const piece = Buffer.alloc(2 ** 20, 7); const fd = fs.openSync('/tmp/big', 'w'); let written = 0
      while (written < ${CAP}) written += fs.writeSync(fd, piece)
      const outcome = [written, fs.statSync('/tmp/big').size, fs.statfsSync('/tmp').bavail]
      try { fs.writeSync(fd, 'x') } catch (error) { outcome.push(error.message) }
      try { fs.writeFileSync('/tmp/other', 'x') } catch (error) { outcome.push(error.message, error.errno) }
      outcome.push(fs.statSync('/tmp/other').size)
      await fs.promises.appendFile('/tmp/other', 'x').catch(error => outcome.push(error.code))
      fs.unlinkSync('/tmp/big')
      try { fs.writeSync(fd, 'x') } catch (error) { outcome.push('still open: ' + error.code) }
      fs.closeSync(fd); fs.writeFileSync('/tmp/other', 'room again')
      return [...outcome, fs.readFileSync('/tmp/other', 'utf8'), fs.readdirSync('/tmp')]`)
    const full = 'ENOSPC: no space left on device, write'
    expect(told).toEqual([
      ...[CAP, CAP, 0, full, full, -28, 0, 'ENOSPC', 'still open: ENOSPC', 'room again'],
      ['other'],
    ])
  })

  test('a write that does not fit is done as far as it does', async () => {
    const told =
      await evaluate(`for (let n = 8; n > 0; n--) fs.appendFileSync('/tmp/a', Buffer.alloc(${CAP} / 8 - (n === 1 ? 8192 : 0))); const fd = fs.openSync('/tmp/b', 'w')
      const outcome = [fs.writeSync(fd, Buffer.alloc(10_000, 1)), fs.statSync('/tmp/b').size]
      try { fs.writeFileSync('/tmp/b', Buffer.alloc(10_000, 1)) } catch (error) { outcome.push(error.code, fs.statSync('/tmp/b').size) }
      return outcome`)
    expect(told).toEqual([8192, 8192, 'ENOSPC', 8192])
  })

  test('what was never written takes no room', async () => {
    const told = await evaluate(`fs.writeFileSync('/tmp/a', ''); fs.truncateSync('/tmp/a', 2 ** 40)
      const fd = fs.openSync('/tmp/a', 'r+'); fs.writeSync(fd, 'end', 2 ** 39); const s = fs.fstatSync(fd)
      const bytes = Buffer.alloc(5, 9); fs.readSync(fd, bytes, 0, 5, 2 ** 39 - 1); return [s.size, s.blocks, bytes.toString('hex')]`)
    expect(told).toEqual([2 ** 40, 8, '00656e6400'])
  })

  test('has so many files, directories and links, and not one more', async () => {
    const told = await evaluate(`fs.mkdirSync('/tmp/d'); fs.symlinkSync('d', '/tmp/l')
      for (let n = 2; n < ${LIMITS.tmpEntries}; n++) fs.writeFileSync('/tmp/d/' + n, '')
      const outcome = [fs.statfsSync('/tmp').ffree]
      for (const act of [() => fs.writeFileSync('/tmp/more', ''), () => fs.mkdirSync('/tmp/more'), () => fs.symlinkSync('x', '/tmp/more')])
        try { act() } catch (error) { outcome.push(error.code) }
      fs.linkSync('/tmp/d/2', '/tmp/second'); fs.unlinkSync('/tmp/d/3'); fs.writeFileSync('/tmp/more', 'x')
      return [...outcome, fs.readdirSync('/tmp/d').length]`)
    expect(told).toEqual([0, 'ENOSPC', 'ENOSPC', 'ENOSPC', LIMITS.tmpEntries - 3])
  })
})

test('a tree deeper than any path can be removed', async () => {
  const told = await evaluate(`let depth = 0; let path = '/tmp/a'
    fs.mkdirSync(path)
    for (; path.length < 4000; depth++) fs.mkdirSync(path += '/d')
    for (let times = 0; times < 6; times++) {
      fs.mkdirSync('/tmp/next'); let place = '/tmp/next'
      while (place.length < 4000) fs.mkdirSync(place += '/d')
      fs.renameSync('/tmp/a', place + '/a'); fs.renameSync('/tmp/next', '/tmp/a')
    }
    const used = fs.statfsSync('/tmp').files - fs.statfsSync('/tmp').ffree
    fs.rmSync('/tmp/a', { recursive: true })
    return [used > 12_000, fs.readdirSync('/tmp'), fs.statfsSync('/tmp').files - fs.statfsSync('/tmp').ffree]`)
  expect(told).toEqual([true, [], 0])
})

test('so many descriptors are open at once, and not one more', async () => {
  const told = await evaluate(`const open = []
    for (let n = 0; n < ${LIMITS.openFiles}; n++) open.push(fs.openSync('/tmp/a' + n % 3, 'w'))
    const outcome = []
    try { fs.openSync('index.js') } catch (error) { outcome.push(error.message) }
    try { fs.readFileSync('index.js', 'utf8') } catch (error) { outcome.push(error.code) }
    fs.closeSync(open[5]); outcome.push(fs.openSync('index.js') === open[5])
    return outcome`)
  expect(told).toEqual(["EMFILE: too many open files, open 'index.js'", 'EMFILE', true])
})

test('a name has 255 bytes at most, a path 4095, and a way 40 links', async () => {
  const told =
    await evaluate(`const codes = []; const tell = act => { try { act(); codes.push('ok') } catch (error) { codes.push(error.code) } }
    for (const length of [255, 256]) tell(() => fs.writeFileSync('/tmp/' + 'x'.repeat(length), ''))
    for (const length of [4095, 4096]) tell(() => fs.statSync('/tmp' + '/'.repeat(length - 4)))
    fs.writeFileSync('/tmp/0', '')
    for (let n = 1; n <= 41; n++) fs.symlinkSync(String(n - 1), '/tmp/' + n)
    for (const n of [40, 41]) tell(() => fs.statSync('/tmp/' + n))
    for (const length of [4095, 4096]) tell(() => fs.symlinkSync('x'.repeat(length), '/tmp/target' + length))
    return codes`)
  expect(told).toEqual(['ok', 'ENAMETOOLONG', 'ok', 'ENAMETOOLONG', 'ok', 'ELOOP', 'ok', 'ENAMETOOLONG'])
})

test('a directory of the function has so many names that can be listed, and not one more', {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'many-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'index.js'), EVALUATE)
  mkdirSync(join(folder, 'node_modules/many'), { recursive: true })
  for (let index = 0; index < LIMITS.directoryNames; index++) {
    writeFileSync(join(folder, `node_modules/many/${index}.txt`), '')
  }
  const list = async (): Promise<unknown> => {
    await host.deploy('many', folder)
    const { result } = await host.invoke('many', {
      body: `return fs.readdirSync('node_modules/many').length`,
    })
    const { value, error } = result as { value?: unknown; error?: { code: string } }
    return error?.code ?? value
  }
  expect(await list()).toBe(LIMITS.directoryNames)
  writeFileSync(join(folder, 'node_modules/many/more.txt'), '')
  expect(await list()).toBe('CLOUDLET_VALUE')
})

test('one reading of a file is bounded', async () => {
  const handlers = { 'files.read': async () => ({ state: 'file', content: new Uint8Array(0) }) }
  const dispatcher = new Dispatcher({ handlers: handlers as never, onInternalError: () => {} })
  const rights = { capabilities: new Set(['runtime'] as const), deniedOps: new Set<never>() }
  const scope = { kind: 'function', caller: {}, depth: 1, cancellation: undefined, place: undefined } as const
  const read = (length: number) =>
    dispatcher.call('files.read', { path: '/a', offset: 0, length }, rights, scope)
  expect(await read(LIMITS.fileSliceBytes)).toMatchObject({ state: 'file' })
  await expect(read(LIMITS.fileSliceBytes + 1)).rejects.toMatchObject({ code: 'CLOUDLET_VALUE' })
})
