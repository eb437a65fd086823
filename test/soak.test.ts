import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GOOD_PARTS } from '../bench/soak/good-parts.ts'
import { HOSTILE_PARTS } from '../bench/soak/hostile-parts.ts'
import { Ledger } from '../bench/soak/ledger.ts'
import type { Part, Sent } from '../bench/soak/part.ts'
import type { Sample } from '../bench/soak/probe.ts'
import { Random } from '../bench/soak/random.ts'
import type { SoakRecord } from '../bench/soak/soak.ts'
import { fitTrend } from '../bench/soak/trend.ts'
import { COUNT_JUDGED_FROM_MS, findFailures, RSS_JUDGED_FROM_MS } from '../bench/soak/verdict.ts'

const main = fileURLToPath(new URL('../bench/soak/main.ts', import.meta.url))

test('five seconds of it: everything has run, all counters are there, and the process ends by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-soak-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const json = join(folder, 'soak.json')
  const args = [
    '--no-node-snapshot',
    '--expose-gc',
    main,
    '--minutes',
    String(5 / 60),
    '--seed',
    '3',
    '--json',
    json,
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 110_000 })
  expect(stdout).toMatch(/^Passed\.$/m)
  const record = JSON.parse(await readFile(json, 'utf8')) as SoakRecord & { failures: string[] }
  expect(record).toMatchObject({
    durationMs: 5000,
    seed: 3,
    faults: { wrong: 0, crossed: 0, lost: 0, doubled: 0, unprovoked: 0 },
    told: [],
    notices: [],
    failures: [],
    health: 'ok',
  })
  for (const { name } of GOOD_PARTS) expect(record.parts[name]?.sentCount, name).toBeGreaterThan(0)
  expect(HOSTILE_PARTS.filter(({ name }) => record.parts[name] !== undefined).length).toBeGreaterThan(5)
  const sum = Object.values(record.parts).reduce((total, { sentCount }) => total + sentCount, 0)
  expect(sum).toBe(record.invocationCount)
  for (const sample of record.samples) {
    const { health, endings, ...figures } = sample
    expect(health).toBe('ok')
    expect(endings).toBeTypeOf('object')
    expect(Object.keys(figures)).toHaveLength(13)
    for (const figure of Object.values(figures)) expect(figure).toBeGreaterThanOrEqual(0)
  }
  expect(record.samples.length).toBeGreaterThan(2)
  expect(record.rests).toHaveLength(8)
}, 120_000)

describe('the ledger finds', () => {
  const part: Part = { name: 'f', folder: 'good', weight: 1, config: {}, endings: ['completed'] }
  const sent: Sent = { nonce: 'n-1', openid: 'o-1', event: {} }
  const right = { nonce: 'n-1', openid: 'o-1' }
  const clean = { wrong: 0, crossed: 0, lost: 0, doubled: 0, unprovoked: 0 }

  function report(ledger: Ledger, lines: readonly string[] = []): void {
    const logs = lines.map(message => ({ level: 'info', message, timeMs: 0 }) as const)
    const measured = { requestId: '', coldStart: false, durationMs: 0, cpuMs: 0, heapUsedBytes: 0 }
    ledger.hear({ functionName: 'f', caller: { openid: 'o-1' }, logs, ...measured })
  }

  const cases: readonly (readonly [what: string, faults: object, keep: (ledger: Ledger) => void])[] = [
    ['nothing in a right answer', {}, ledger => ledger.settle(part, sent, 'completed', right)],
    [
      'another nonce',
      { crossed: 1 },
      ledger => ledger.settle(part, sent, 'completed', { ...right, nonce: 'n-2' }),
    ],
    [
      'another caller',
      { crossed: 1 },
      ledger => ledger.settle(part, sent, 'completed', { ...right, openid: 'o-2' }),
    ],
    ['no result', { crossed: 1 }, ledger => ledger.settle(part, sent, 'completed', null)],
    [
      'a wrong field',
      { wrong: 1 },
      ledger => ledger.settle({ ...part, findFault: () => 'off by one' }, sent, 'completed', right),
    ],
    [
      'an error without a reason',
      { unprovoked: 1 },
      ledger => ledger.settle(part, sent, 'CLOUDLET_DEADLINE', undefined),
    ],
    [
      'a second answer',
      { doubled: 1 },
      ledger => {
        ledger.settle(part, sent, 'completed', right)
        ledger.settle(part, sent, 'completed', right)
      },
    ],
    ['no answer', { lost: 1 }, () => {}],
    [
      'more work than answers',
      { doubled: 1 },
      ledger => {
        ledger.settle(part, sent, 'completed', right)
        ledger.compare('f', 'o-1', 2)
      },
    ],
    [
      'less work than answers',
      { lost: 1 },
      ledger => {
        ledger.settle(part, sent, 'completed', right)
        ledger.compare('f', 'o-1', 0)
      },
    ],
  ]

  test.each(cases)('%s', (_, faults, keep) => {
    const ledger = new Ledger()
    ledger.send(part, sent)
    report(ledger)
    keep(ledger)
    ledger.close()
    expect(ledger.faults()).toEqual({ ...clean, ...faults })
  })

  test('a log line of another invocation, and no fault in a log that was cut', () => {
    const ledger = new Ledger()
    report(ledger, ['n-1 o-1', 'n-1 o-1', 'n… (log limit reached: 1000 lines)'])
    expect(ledger.faults()).toEqual(clean)
    report(ledger, ['n-1 o-1', 'n-0 o-1'])
    expect(ledger.faults()).toEqual({ ...clean, crossed: 1 })
  })

  test('an invocation the host never reported', () => {
    const ledger = new Ledger()
    ledger.send(part, sent)
    ledger.settle(part, sent, 'completed', right)
    ledger.close()
    expect(ledger.faults()).toEqual({ ...clean, lost: 1 })
  })
})

describe('the verdict', () => {
  const sample = { rssMb: 100 } as Sample
  const good: SoakRecord = {
    durationMs: RSS_JUDGED_FROM_MS,
    seed: 1,
    invocationCount: 100_000,
    faults: { wrong: 0, crossed: 0, lost: 0, doubled: 0, unprovoked: 0 },
    told: [],
    parts: {},
    samples: Array.from({ length: 11 }, (_, index) => ({ ...sample, timeMs: index * 30_000 })),
    rests: Array.from({ length: 8 }, (_, index) => ({ ...sample, timeMs: (index + 1) * 37_500 })),
    notices: [],
    health: 'ok',
  }
  const growing = (mbPerMinute: number): Sample[] =>
    good.rests.map(({ timeMs }) => ({ ...sample, timeMs, rssMb: 100 + (timeMs / 60_000) * mbPerMinute }))
  const straying = (mbPerMinute: number, byMb: number): Sample[] =>
    growing(mbPerMinute).map((rest, index) => ({ ...rest, rssMb: rest.rssMb + (index % 2) * byMb }))

  test.each([
    ['nothing wrong', {}, []],
    ['one invocation too few', { invocationCount: 99_999 }, [/99999 invocations.*100000 is the least/]],
    ['few in a run too short to tell', { invocationCount: 1, durationMs: COUNT_JUDGED_FROM_MS - 1 }, []],
    ['a crossed answer', { faults: { ...good.faults, crossed: 2 } }, [/^2 crossed/]],
    ['RSS at rest at the bound', { rests: growing(4.999) }, []],
    ['RSS over it', { rests: growing(5.001) }, [/RSS at rest grows by 5\.00 ± 0\.00 MB a minute/]],
    ['RSS that may be over it by chance', { rests: straying(20, 30) }, []],
    ['RSS that strays and is over it', { rests: straying(60, 30) }, [/RSS at rest grows by/]],
    [
      'RSS over it in a run too short to tell',
      { rests: growing(50), durationMs: RSS_JUDGED_FROM_MS - 1 },
      [],
    ],
    ['RSS that grows under load alone', { samples: growing(50) }, []],
    ['a host that is not well', { health: 'degraded' }, [/"degraded"/]],
    ['a warning', { notices: ['incident 1'] }, [/incident 1/]],
  ])('%s', (_, change, failures) => {
    expect(findFailures({ ...good, ...change })).toEqual(failures.map(text => expect.stringMatching(text)))
  })
})

test('a trend is the slope of a line, whatever lies around it alike', () => {
  expect(
    fitTrend([
      [0, 1],
      [1, 3],
      [2, 5],
    ]).slope,
  ).toBeCloseTo(2)
  expect(
    fitTrend([
      [0, 1],
      [1, 3],
      [2, 5],
    ]).standardError,
  ).toBeCloseTo(0)
  const noisy = fitTrend([
    [0, 2],
    [1, 2],
    [2, 6],
    [3, 6],
    [4, 10],
  ])
  expect(noisy.slope).toBeCloseTo(2)
  expect(noisy.standardError).toBeGreaterThan(0)
  expect(() =>
    fitTrend([
      [0, 1],
      [1, 1],
    ]),
  ).toThrow(RangeError)
})

test('the same seed gives the same run, another seed another', () => {
  const draw = (seed: number): number[] => {
    const random = new Random(seed)
    return Array.from({ length: 50 }, () => random.integer(0, 1000))
  }
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
  for (const value of draw(3)) expect(value).toBeLessThanOrEqual(1000)
  const items = [{ weight: 0 }, { weight: 1 }, { weight: 3 }] as const
  const random = new Random(4)
  const chosen = Array.from({ length: 4000 }, () => items.indexOf(random.choose(items)))
  expect(chosen).not.toContain(0)
  expect(chosen.filter(index => index === 2).length / 4000).toBeCloseTo(0.75, 1)
})
