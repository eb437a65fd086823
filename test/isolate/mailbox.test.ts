import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { Mailbox } from '../../src/isolate/mailbox.ts'
import {
  LETTER,
  LETTER_CHARS,
  LETTER_IN_START,
  LETTER_OUT_START,
  MAIL_IN_CHARS,
  MAIL_OUT,
  MAIL_OUT_AFTER,
  MAIL_OUT_CHARS,
  MAIL_WAITING,
  MAIL_WORDS,
  OPEN,
} from '../../src/protocol/mailbox.ts'

/** The guest's side of a mailbox, as a hostile guest has it: every word is its to write. */
class Guest {
  readonly words: Int32Array
  readonly #letterIn: Uint16Array
  readonly #letterOut: Uint16Array

  constructor({ memory }: Mailbox) {
    this.words = new Int32Array(memory, 0, MAIL_WORDS)
    this.#letterIn = new Uint16Array(memory, LETTER_IN_START, LETTER_CHARS)
    this.#letterOut = new Uint16Array(memory, LETTER_OUT_START, LETTER_CHARS)
  }

  read(): string {
    return String.fromCharCode(...this.#letterIn.subarray(0, this.words[MAIL_IN_CHARS]))
  }

  leave(text: string, after: number, chars = text.length): void {
    for (let index = 0; index < text.length; index++) this.#letterOut[index] = text.charCodeAt(index)
    this.words[MAIL_OUT_CHARS] = chars
    this.words[MAIL_OUT_AFTER] = after
    this.words[MAIL_OUT] = LETTER
  }
}

describe('a letter in', () => {
  test('is for who waits behind that entry, once', () => {
    const mailbox = new Mailbox()
    const guest = new Guest(mailbox)
    expect(mailbox.deliver('early', 7)).toBe(false)
    guest.words[MAIL_WAITING] = 7
    expect(mailbox.deliver('for another', 8)).toBe(false)
    expect(mailbox.deliver('{"n":1}', 7)).toBe(true)
    expect(guest.read()).toBe('{"n":1}')
    expect(mailbox.deliver('a second', 7)).toBe(false)
    expect(guest.read()).toBe('{"n":1}')
  })

  test('has at most so many characters, of any kind', () => {
    const mailbox = new Mailbox()
    const guest = new Guest(mailbox)
    guest.words[MAIL_WAITING] = 1
    expect(mailbox.deliver('x'.repeat(LETTER_CHARS + 1), 1)).toBe(false)
    const text = '云函数 \u{1F600} \uD83D \0'.padEnd(LETTER_CHARS, 'ÿ')
    expect(mailbox.deliver(text, 1)).toBe(true)
    expect(guest.read()).toBe(text)
  })
})

describe('a letter that is announced', () => {
  test('wakes who waits behind that entry, and nobody else', async () => {
    const mailbox = new Mailbox()
    const { words } = new Guest(mailbox)
    words[MAIL_WAITING] = 7
    const waitFor = (ms: number) => Atomics.waitAsync(words, MAIL_WAITING, 7, ms)
    const waiting = waitFor(60_000)
    mailbox.announce(7)
    expect(await waiting.value).toBe('ok')
    const other = waitFor(50)
    mailbox.announce(8)
    expect(await other.value).toBe('timed-out')
    expect(words[MAIL_WAITING]).toBe(7)
  })
})

describe('a letter out', () => {
  test('is taken behind what the guest had called back before', () => {
    const mailbox = new Mailbox()
    new Guest(mailbox).leave('second', 3)
    expect(mailbox.take(2)).toBeUndefined()
    expect(mailbox.take(3)).toBe('second')
    expect(mailbox.take(3)).toBeUndefined()
  })

  test('that lies there when the host closes is still to be taken', () => {
    const mailbox = new Mailbox()
    mailbox.open()
    expect(mailbox.close()).toBe(true)
    mailbox.open()
    new Guest(mailbox).leave('late', 0)
    mailbox.open()
    expect(mailbox.close()).toBe(false)
    expect(mailbox.take(0)).toBe('late')
    expect(mailbox.close()).toBe(true)
  })

  test.each([-1, LETTER_CHARS + 1, 2 ** 31 - 1, -(2 ** 31)])(
    'of %i characters is no more than one can be',
    chars => {
      const mailbox = new Mailbox()
      new Guest(mailbox).leave('x'.repeat(LETTER_CHARS), 0, chars)
      expect(mailbox.take(0)?.length).toBe(chars < 0 ? 0 : LETTER_CHARS)
    },
  )

  test('is none, whatever else the guest writes there', () => {
    const mailbox = new Mailbox()
    const guest = new Guest(mailbox)
    for (const word of [2, -2, 77, OPEN]) {
      guest.words[MAIL_OUT] = word
      expect(mailbox.take(0)).toBeUndefined()
      expect(mailbox.close()).toBe(true)
    }
  })
})

/** On a single core nobody stays awake. */
describe.skipIf(availableParallelism() < 2)('calls one after the other', () => {
  let host: FunctionHost
  afterEach(async () => {
    vi.restoreAllMocks()
    await host.close()
  })

  /** What is asked and answered in either way, in turns, so that each kind stands before and behind each other kind. */
  const MIXED = `const cloud = require('wx-server-sdk')
    cloud.init()
    let count = 0
    exports.main = async ({ index, length, logs, asks, wide }) => {
      for (let line = 0; line < logs; line++) console.log(index + ':' + line + 'x'.repeat((index + line) % 2 ? 1 : 3000))
      // What was said so far crosses now, if it is too long for a letter by callback, right before what follows.
      if (logs) for (let hop = 0; hop < 20; hop++) await null
      if (asks) await cloud.database().collection('things').doc('one').get()
      return { index, count: ++count, text: (wide ? '云' : 'a').repeat(length) }
    }`

  test('cross by letter and by callback, in their order', { timeout: 120_000 }, async () => {
    const delivered = vi.spyOn(Mailbox.prototype, 'deliver')
    const taken = vi.spyOn(Mailbox.prototype, 'take')
    host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
    await host.database.createCollection('things')
    await host.database.collection('things').add({ data: { _id: 'one' } })
    await host.deploy('mixed', { files: { 'index.js': MIXED }, config: { concurrency: 1 } })
    for (let index = 0; index < 4000; index++) {
      const event = {
        index,
        length: [1, 100, 3000][Math.floor(index / 6) % 3],
        logs: index % 3 === 0 ? index % 4 : 0,
        asks: index % 7 === 0,
        wide: index % 2 === 0,
        padding: 'p'.repeat(index % 11 === 0 ? 4000 : 1),
      }
      const { result, logs } = await host.invoke('mixed', event)
      const text = (event.wide ? '云' : 'a').repeat(event.length as number)
      expect(result).toEqual({ index, count: index + 1, text })
      expect(logs.map(({ message }) => message.replace(/x+$/, ''))).toEqual(
        Array.from({ length: event.logs }, (_, line) => `${index}:${line}`),
      )
    }
    expect(host.stats().instances).toMatchObject({ createdCount: 1, recycledCount: {} })
    const countOf = (
      results: readonly { value: unknown }[],
      hasCrossed: (value: unknown) => boolean,
    ): number => results.filter(({ value }) => hasCrossed(value)).length
    expect(countOf(delivered.mock.results, value => value === true)).toBeGreaterThan(20)
    expect(countOf(taken.mock.results, value => value !== undefined)).toBeGreaterThan(20)
  })

  test('find the thread, although it was told before of letters that did not come', async () => {
    const delivered = vi.spyOn(Mailbox.prototype, 'deliver')
    const announced = vi.spyOn(Mailbox.prototype, 'announce')
    host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
    await host.deploy('echo', { files: { 'index.js': 'exports.main = async event => event' } })
    // On a busy machine only some calls are announced; without end only if none is.
    for (let index = 0; announced.mock.calls.length < 20; index++) await host.invoke('echo', { index })
    let foundCount = 0
    for (let round = 0; round < 50; round++) {
      const mailbox = delivered.mock.contexts.at(-1) as Mailbox | undefined
      const [, entry = 0] = delivered.mock.lastCall ?? []
      for (let count = 0; count < 5; count++) {
        mailbox?.announce(entry)
        await setTimeout(1)
      }
      delivered.mockClear()
      expect((await host.invoke('echo', { round })).result).toEqual({ round })
      if (delivered.mock.results.at(-1)?.value === true) foundCount++
    }
    // A turn of 16 or of 64 is watched, which ends the wait; on a busy machine it may have taken too long.
    expect(foundCount).toBeGreaterThan(10)
  })

  test('are as good when user code has its hands on arrays and texts', async () => {
    const meddler = `const seen = []
      for (const proto of [Uint16Array.prototype, Object.getPrototypeOf(Uint16Array.prototype), Array.prototype])
        for (const name of ['length', 'buffer', Symbol.iterator, 'subarray'])
          try { Object.defineProperty(proto, name, { get() { seen.push(String(name)); return undefined }, configurable: true }) } catch {}
      String.fromCharCode = () => { seen.push('fromCharCode'); return '?' }
      String.prototype.charCodeAt = () => { seen.push('charCodeAt'); return 63 }
      Atomics.load = Atomics.store = Atomics.compareExchange = Atomics.pause = () => { seen.push('Atomics'); return 0 }
      exports.main = async ({ index }) => ({ index, seen: seen.splice(0).join() })`
    const delivered = vi.spyOn(Mailbox.prototype, 'deliver')
    host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
    await host.deploy('meddler', { files: { 'index.js': meddler } })
    // The first is told what was touched while the function was loaded.
    await host.invoke('meddler', { index: 0 })
    for (let index = 1; index < 2000; index++)
      expect((await host.invoke('meddler', { index })).result).toEqual({ index, seen: '' })
    expect(delivered.mock.results.filter(({ value }) => value === true).length).toBeGreaterThan(20)
  })

  test('end with the function, whatever it does when it is called by letter', {
    timeout: 60_000,
  }, async () => {
    const moody = `exports.main = async ({ mood }) => {
        if (mood === 'loop') for (;;);
        if (mood === 'throw') throw new Error('moody')
        if (mood === 'exit') process.exit(3)
        if (mood === 'later') Promise.resolve().then(() => { for (;;); })
        if (mood === 'bomb') { const kept = []; for (;;) kept.push(new Array(10000).fill(kept.length)) }
        return mood
      }`
    host = new FunctionHost({ publicUrl: 'http://127.0.0.1:1' })
    await host.deploy('moody', { files: { 'index.js': moody }, config: { timeout: 1, memorySize: 16 } })
    for (const [mood, code] of [
      ['loop', 'CLOUDLET_DEADLINE'],
      ['throw', 'CLOUDLET_FUNCTION_THREW'],
      ['exit', 'CLOUDLET_FUNCTION_THREW'],
      ['later', 'CLOUDLET_DEADLINE'],
      ['bomb', 'CLOUDLET_MEMORY_LIMIT'],
    ] as const) {
      for (let count = 0; count < 200; count++)
        expect((await host.invoke('moody', { mood: 'good' })).result).toBe('good')
      const ended = await host.invoke('moody', { mood }).then(
        ({ result }) => result,
        (error: { code: string }) => error.code,
      )
      expect(ended).toBe(code)
    }
    expect((await host.invoke('moody', { mood: 'good' })).result).toBe('good')
  })
})
