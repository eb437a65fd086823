/**
 * Timers left behind by an invocation that has answered are dropped when it is over, so that they never act for the
 * next caller. Those of a module's top level are the function's own and go on.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { ANSWERS, MARK, MarkedHost } from './marks.ts'

let host: MarkedHost
beforeEach(async () => {
  host = await MarkedHost.open()
})

describe('timers', () => {
  const TIMERS: readonly (readonly [kind: string, set: string])[] = [
    ['a timeout', 'setTimeout(() => mark("a"), 15)'],
    ['an interval', 'setInterval(() => mark("a"), 5)'],
    ['a timer that sets the next', ';(function again() { setTimeout(() => { mark("a"); again() }, 5) })()'],
    ['a referenced and refreshed one', 'setTimeout(() => mark("a"), 15).unref().ref().refresh()'],
    ['one that is awaited by nobody', 'new Promise(r => setTimeout(r, 15)).then(() => mark("a"))'],
  ]
  const ENDLESS = new Set(['an interval', 'a timer that sets the next'])
  const pairs = TIMERS.flatMap(([kind, set]) =>
    // An answer by callback lets it work on as long as its timers go, till its own deadline.
    ANSWERS.filter(([way]) => !way.startsWith('callback') || !ENDLESS.has(kind)).map(
      ([way, answer]) => [kind, way, set, answer] as const,
    ),
  )

  test.each(pairs)(
    '%s left by an answer by %s never fires under the next caller',
    async (_kind, _way, set, answer) => {
      await host.deploy(
        'f',
        `${MARK}exports.main = (event, context, callback) => {
        if (event.waitMs) return new Promise(resolve => setTimeout(resolve, event.waitMs, 'next'))
        ${set}
        ${answer}
      }`,
      )
      await host.ask('alice').catch(() => {})
      const next = await host.ask('bob', { waitMs: 60 })
      expect(next.result).toBe('next')
      expect(next.logs).toEqual([])
      const marks = await host.readMarks()
      expect(marks.filter(mark => mark.for !== 'alice')).toEqual([])
      // Nor later still.
      await host.ask('carol', { waitMs: 30 })
      expect(await host.readMarks()).toEqual(marks)
    },
  )

  test('are over when the invocation is: nothing is written once another caller is served', async () => {
    await host.deploy(
      'f',
      `${MARK}exports.main = async ({ waitMs }) => {
        const { OPENID } = cloud.getWXContext()
        setInterval(() => mark(OPENID), 1)
        await new Promise(resolve => setTimeout(resolve, waitMs))
        return OPENID
      }`,
    )
    const openids = Array.from({ length: 40 }, (_, index) => `o-${index}`)
    for (const [index, openid] of openids.entries()) {
      const { result, logs } = await host.ask(openid, { waitMs: index % 5 })
      expect(result).toBe(openid)
      expect(logs.filter(({ message }) => message !== `mark of ${openid}`)).toEqual([])
    }
    for (const { by, for: caller } of await host.readMarks()) expect(by.replace('/called', '')).toBe(caller)
    expect(host.stats().functions['f']).toMatchObject({ coldStartCount: 1, errorCount: {} })
  })

  test('that fall due just as the invocation ends act for it, or not at all', async () => {
    await host.deploy(
      'f',
      `${MARK}exports.main = ({ ms }) => new Promise(resolve => {
        const { OPENID } = cloud.getWXContext()
        setTimeout(resolve, ms, OPENID)
        for (let i = 0; i < 3; i++) setTimeout(() => db.collection('marks').add({ data: { by: OPENID, for: cloud.getWXContext().OPENID } }), ms)
        setTimeout(() => db.collection('marks').add({ data: { by: OPENID, for: cloud.getWXContext().OPENID } }), ms + 1)
      })`,
      { concurrency: 2 },
    )
    const calls = Array.from({ length: 100 }, async (_, index) => {
      expect((await host.ask(`o-${index}`, { ms: 1 + (index % 4) })).result).toBe(`o-${index}`)
    })
    await Promise.all(calls)
    for (const { by, for: caller } of await host.readMarks()) expect(by).toBe(caller)
    expect(host.stats().functions['f']?.errorCount).toEqual({})
  })

  test('of one caller can’t be kept alive by the next who clears or refreshes them', async () => {
    await host.deploy(
      'f',
      `${MARK}let kept
      exports.main = async ({ step }) => {
        if (step === 'set') kept = [setTimeout(() => mark('a'), 10), setInterval(() => mark('a'), 10)]
        if (step === 'clear') kept.forEach(timer => { clearTimeout(timer); clearInterval(+timer) })
        if (step === 'wait') await new Promise(resolve => setTimeout(resolve, 40))
        return step
      }`,
    )
    for (const step of ['set', 'clear', 'wait', 'set', 'wait']) {
      expect((await host.ask(`${step}ter`, { step })).result).toBe(step)
    }
    expect(await host.readMarks()).toEqual([])
  })

  test('left by a thousand invocations are not a thousand timers', async () => {
    await host.deploy(
      'f',
      `exports.main = async () => { for (let i = 0; i < 50; i++) setTimeout(() => {}, 1e6); return 'fine' }`,
    )
    // Beyond 10,000 the guest refuses to set more.
    for (let calls = 0; calls < 300; calls++) expect((await host.ask('o')).result).toBe('fine')
    expect(host.stats().instances.createdCount).toBe(1)
  })

  test('of a module’s top level go on, in the invocations that come', async () => {
    await host.deploy(
      'f',
      `let ticks = 0
      const timer = setInterval(() => ticks++, 2)
      setTimeout(() => { ticks += 1000 }, 2)
      exports.main = async ({ stop }) => {
        if (stop) clearInterval(timer)
        await new Promise(resolve => setTimeout(resolve, 25))
        return ticks
      }`,
    )
    const first = Number((await host.ask('a')).result)
    const second = Number((await host.ask('b')).result)
    expect(first).toBeGreaterThan(1000)
    expect(second).toBeGreaterThan(first)
    const stopped = Number((await host.ask('c', { stop: true })).result)
    expect((await host.ask('d')).result).toBe(stopped)
  })

  test('that an answer by callback waits for run before it', async () => {
    await host.deploy(
      'f',
      `${MARK}exports.main = (event, context, callback) => { setTimeout(() => mark('a'), 15); callback(null, 'done') }`,
    )
    const { result, logs } = await host.ask('alice')
    expect(result).toBe('done')
    expect(logs.map(({ message }) => message)).toEqual(['mark of a'])
    expect((await host.readMarks()).map(mark => mark.for)).toEqual(['alice', 'alice'])
  })
})
