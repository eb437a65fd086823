/**
 * Work left behind by an invocation that has answered. Host calls under way are waited for, under its own identity
 * and deadline, before its instance serves another; microtasks end within its own run; timers are in
 * left-timers.test.ts.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { ANSWERS, MARK, MarkedHost, SDK } from './marks.ts'

let host: MarkedHost
beforeEach(async () => {
  host = await MarkedHost.open()
})

describe('host calls', () => {
  test.each(ANSWERS)(
    'under way at an answer by %s end under its own caller, before the next is served',
    async (_, answer) => {
      await host.deploy(
        'f',
        `${MARK}let underWay = 0
      exports.main = (event, context, callback) => {
        const before = underWay
        const { OPENID } = cloud.getWXContext()
        if (event.last) return before
        underWay++
        cloud.callFunction({ name: 'writer', data: { by: OPENID, ms: 30 } })
          .then(() => { underWay--; return db.collection('marks').add({ data: { by: OPENID, for: cloud.getWXContext().OPENID } }) })
        ${answer}
      }`,
      )
      for (const openid of ['alice', 'bob']) await host.ask(openid).catch(() => {})
      expect((await host.ask('carol', { last: true })).result).toBe(0)
      const marks = await host.readMarks()
      expect(marks.map(({ by }) => by).sort()).toEqual(['alice', 'alice', 'bob', 'bob'])
      for (const mark of marks) expect(mark.for).toBe(mark.by)
      expect(host.stats().instances.recycledCount).toEqual({})
    },
  )

  test('each that an answer begets goes on under its own caller', async () => {
    await host.deploy(
      'f',
      `${SDK}exports.main = async () => {
        const { OPENID } = cloud.getWXContext()
        const step = async left => {
          await db.collection('marks').add({ data: { by: OPENID, for: cloud.getWXContext().OPENID } })
          if (left > 1) await step(left - 1)
        }
        step(8)
        return OPENID
      }`,
    )
    await Promise.all(['alice', 'bob', 'carol'].map(openid => host.ask(openid)))
    const marks = await host.readMarks()
    expect(marks).toHaveLength(24)
    for (const mark of marks) expect(mark.for).toBe(mark.by)
  })

  test('without end are ended by the deadline of their own invocation, and the next caller gets another instance', async () => {
    await host.deploy(
      'f',
      `${SDK}exports.main = async ({ left }) => {
        if (left) (async () => { for (;;) await db.collection('none').count().catch(() => {}) })()
        return cloud.getWXContext().OPENID
      }`,
      { concurrency: 1, timeout: 0.4 },
    )
    expect((await host.ask('alice', { left: true })).result).toBe('alice')
    await expect.poll(() => host.stats().instances.recycledCount).toEqual({ lingered: 1 })
    expect(await host.ask('bob')).toMatchObject({ result: 'bob', coldStart: true })
    // Her answer was good all the same.
    expect(host.reports.filter(({ error }) => error !== undefined)).toEqual([])
  })

  test('that never end are ended with what they called', async () => {
    await host.deploy('silent', 'exports.main = () => new Promise(() => {})')
    await host.deploy(
      'f',
      `${SDK}exports.main = async () => { cloud.callFunction({ name: 'silent' }); return 'answered' }`,
      { concurrency: 1, timeout: 0.3 },
    )
    expect((await host.ask('alice')).result).toBe('answered')
    await host.untilIdle()
    expect(host.stats().instances.recycledCount).toEqual({ lingered: 1, cancelled: 1 })
    expect(host.stats().functions['silent']?.errorCount).toEqual({ CLOUDLET_CANCELLED: 1 })
  })

  test('write their log lines into their own invocation', async () => {
    await host.deploy(
      'f',
      `${SDK}exports.main = async ({ name }) => {
        cloud.callFunction({ name: 'writer', data: { by: name, ms: 20 } }).then(() => console.log('late ' + name))
        console.log('early ' + name)
        return name
      }`,
    )
    const results = []
    for (const name of ['a', 'b', 'c']) results.push(await host.ask(name, { name }))
    await host.untilIdle()
    for (const { result, logs } of results) {
      expect(logs.map(({ message }) => message)).toEqual([`early ${result}`, `late ${result}`])
    }
  })
})

describe('microtasks', () => {
  test.each(ANSWERS)('left by an answer by %s end within its own run', async (_, answer) => {
    await host.deploy(
      'f',
      `${SDK}let finished = []
      exports.main = (event, context, callback) => {
        if (event.last) return finished
        const { OPENID } = cloud.getWXContext();
        (async () => {
          for (let i = 0; i < 500; i++) await null
          finished.push([OPENID, cloud.getWXContext().OPENID])
        })()
        ${answer}
      }`,
    )
    for (const openid of ['alice', 'bob']) await host.ask(openid).catch(() => {})
    expect((await host.ask('carol', { last: true })).result).toEqual([
      ['alice', 'alice'],
      ['bob', 'bob'],
    ])
  })

  test('without end are ended by the deadline, and the next caller gets another instance', async () => {
    await host.deploy(
      'f',
      `${SDK}exports.main = async ({ left }) => {
        if (left) (async () => { for (;;) await null })()
        return cloud.getWXContext().OPENID
      }`,
      { concurrency: 1, timeout: 0.3 },
    )
    const first = await host.ask('alice', { left: true }).then(
      ({ result }) => result,
      (error: { code: string }) => error.code,
    )
    expect(['alice', 'CLOUDLET_DEADLINE']).toContain(first)
    const next = await host.ask('bob').catch((error: unknown) => error)
    // It waited for the instance no longer than its own limit.
    if (next instanceof Error) expect(next).toMatchObject({ code: 'CLOUDLET_OVERLOADED' })
    else expect(next).toMatchObject({ result: 'bob', coldStart: true })
    await host.untilIdle()
    expect(await host.ask('carol')).toMatchObject({ result: 'carol' })
    const { recycledCount } = host.stats().instances
    expect((recycledCount.deadline ?? 0) + (recycledCount.lingered ?? 0)).toBe(1)
  })

  test('that throw after the answer are told in its own log and fail nobody', async () => {
    await host.deploy(
      'f',
      `exports.main = async ({ bad }) => {
        if (bad) queueMicrotask(async () => { for (let i = 0; i < 50; i++) await null; throw new Error('late') })
        return 'fine'
      }`,
    )
    const first = await host.ask('alice', { bad: true })
    const next = await host.ask('bob')
    await host.untilIdle()
    expect([first.result, next.result]).toEqual(['fine', 'fine'])
    expect(first.logs).toMatchObject([{ level: 'error', message: expect.stringContaining('late') }])
    expect(next.logs).toEqual([])
  })
})

test('many callers, all leaving everything behind: each mark is its own caller’s', async () => {
  await host.deploy(
    'f',
    `${SDK}
    const add = by => db.collection('marks').add({ data: { by, for: cloud.getWXContext().OPENID } })
    exports.main = async ({ ms }) => {
      const { OPENID } = cloud.getWXContext()
      setTimeout(() => add(OPENID), ms)
      const interval = setInterval(() => add(OPENID), 2)
      setTimeout(() => clearInterval(interval), 6)
      add(OPENID).then(() => add(OPENID))
      Promise.resolve().then(() => add(OPENID))
      if (ms % 2) await new Promise(resolve => setTimeout(resolve, ms))
      return cloud.getWXContext().OPENID
    }`,
    { concurrency: 3 },
  )
  const calls = Array.from({ length: 120 }, async (_, index) => {
    expect((await host.ask(`o-${index}`, { ms: index % 6 })).result).toBe(`o-${index}`)
  })
  await Promise.all(calls)
  const marks = await host.readMarks()
  // Three each that nothing may drop, and what timers added within their own time.
  expect(marks.length).toBeGreaterThanOrEqual(360)
  for (const { by, for: caller } of marks) expect(by).toBe(caller)
})
