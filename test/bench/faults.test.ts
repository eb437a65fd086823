import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { tryLateAgain } from '../../bench/faults/again.ts'
import { findDisturbances, msUntilAllBack, type NeighbourCall } from '../../bench/faults/disturbance.ts'
import { fillIn } from '../../bench/faults/docs-table.ts'
import { isQuick, LEFT_OUT, type Program, readPrograms } from '../../bench/faults/program.ts'
import { type FaultRecord, readFaultRecord } from '../../bench/faults/record.ts'
import { findMissedBars, toRows } from '../../bench/faults/report.ts'
import { ROWS } from '../../bench/faults/rows.ts'
import type { Run, Verdict } from '../../bench/faults/supervisor.ts'
import type { Trial } from '../../bench/faults/trial.ts'

const ROOT = new URL('../../', import.meta.url)
const FOLDERS = [
  'bench/faults/programs',
  'test/isolation/programs',
  'test/isolation/wedging',
  'test/isolation/network',
]

describe('the programs', () => {
  const paths = readPrograms().map(({ path }) => path)

  test('are all there are, each once, but those that are left out', () => {
    const files = FOLDERS.flatMap(folder =>
      readdirSync(new URL(folder, ROOT)).map(file => `${folder}/${file}`),
    )
    expect([...paths, ...Object.keys(LEFT_OUT)].sort()).toEqual(files.sort())
  })

  test('have every row of what is known to bring down a process', () => {
    const missing = ROWS.flatMap(([, ...files]) => files).filter(file => !paths.includes(file))
    expect(missing).toEqual([])
  })

  test('have their headings read', () => {
    expect(readPrograms().find(({ path }) => path.endsWith('/innocent-echo.js'))).toMatchObject({
      kind: 'innocent code',
      calls: 6000,
      inFlight: 64,
      eventChars: 10_240,
      memoryMb: 32,
    })
    expect(readPrograms().filter(isQuick)).toHaveLength(14)
  })
})

describe('the committed results', () => {
  test('are of every program, with cells', async () => {
    const { isolation, verdicts } = await readFaultRecord()
    expect(isolation).toBe('process')
    expect(verdicts.map(({ program }) => program)).toEqual(readPrograms().map(({ path }) => path))
  })

  test('are the table of docs/threat-model.md', async () => {
    const text = await readFile(new URL('docs/threat-model.md', ROOT), 'utf8')
    expect(text).toBe(fillIn(text, await readFaultRecord()))
  })
})

describe('the moment of a fault', () => {
  /** Due at a time, answered after so many milliseconds; with a code, wrongly. */
  const call = (neighbour: number, dueMs: number, tookMs: number, code?: string): NeighbourCall => ({
    neighbour,
    dueMs,
    endMs: dueMs + tookMs,
    ...(code === undefined ? undefined : { code }),
  })

  test('is the end of the bad call when nobody felt it: each has then to answer a call due since', () => {
    const calls = [call(0, 0, 50), call(1, 10, 3), call(0, 25, 2), call(1, 35, 4), call(0, 50, 1)]
    expect(findDisturbances(calls)).toEqual([])
    expect(msUntilAllBack(calls, 20, 2)).toBe(19)
    expect(msUntilAllBack(calls, 40, 2)).toBe(Number.POSITIVE_INFINITY)
    expect(msUntilAllBack(calls, 0, 3)).toBe(Number.POSITIVE_INFINITY)
  })

  test('is when the first call was due that was slow or failed, and lasts until a good answer', () => {
    const calls = [
      call(0, 0, 2),
      call(1, 10, 51),
      call(0, 25, 1, 'CLOUDLET_ISOLATE_CRASHED'),
      call(0, 50, 2),
      call(1, 60, 3),
    ]
    expect(findDisturbances(calls)).toEqual([{ fromMs: 10, untilMs: 63 }])
    expect(msUntilAllBack(calls, 5, 2)).toBe(53)
  })

  test('does not end with the answer of a call made meanwhile, before the slow one has its own', () => {
    const calls = [call(0, 0, 200), call(0, 25, 3), call(0, 150, 50)]
    expect(findDisturbances(calls)).toEqual([{ fromMs: 0, untilMs: 200 }])
  })

  test('joins what overlaps or touches, and keeps apart what does not', () => {
    const error = 'CLOUDLET_INTERNAL'
    const calls = [
      call(0, 0, 1, error),
      call(0, 30, 2),
      call(1, 32, 1, error),
      call(1, 60, 2),
      call(1, 100, 1, error),
      call(1, 101, 1),
    ]
    expect(findDisturbances(calls)).toEqual([
      { fromMs: 0, untilMs: 62 },
      { fromMs: 100, untilMs: 102 },
    ])
    expect(msUntilAllBack(calls, 0, 2)).toBe(62)
  })

  test('has no end for one that never answers well again', () => {
    const calls = [call(0, 0, 2), call(0, 25, Number.POSITIVE_INFINITY, 'no answer'), call(0, 50, 2)]
    expect(findDisturbances(calls)).toEqual([{ fromMs: 25, untilMs: Number.POSITIVE_INFINITY }])
  })
})

describe('bars', () => {
  const trial: Trial = {
    program: 'a.js',
    kind: 'heap',
    outcomes: { CLOUDLET_DEADLINE: 2, completed: 1 },
    unexpected: [],
    neighbours: {
      calls: 1000,
      errors: { CLOUDLET_ISOLATE_CRASHED: 5 },
      p99Ms: 9,
      worstMs: 80,
      disturbances: 1,
      backMs: 200,
    },
    loopDelayMs: 12,
    replacedCells: 1,
    warnings: [],
  }
  const well: Verdict = { program: 'a.js', kind: 'heap', fate: 'survived', silenceMs: 110, trial }
  const slow: Verdict = { ...well, trial: { ...trial, neighbours: { ...trial.neighbours, backMs: 201 } } }
  const lost: Verdict = { ...well, trial: { ...trial, neighbours: { ...trial.neighbours, backMs: null } } }
  const died: Verdict = { program: 'b.js', kind: 'heap', fate: 'died', exit: 'SIGABRT', silenceMs: 3 }
  const runOf = (...verdicts: Verdict[]): Run => ({ verdicts, closedHosts: { expected: 1, ended: 1 } })

  test('are met at them', () => {
    expect(findMissedBars(runOf(well))).toEqual([])
  })

  test('are missed by neighbours that are late or never come, and hosts that die, hang or stand still', () => {
    const still: Verdict = { ...well, trial: { ...trial, loopDelayMs: 1001 } }
    const hung: Verdict = { program: 'c.js', kind: 'heap', fate: 'hung', silenceMs: 15_000 }
    expect(findMissedBars(runOf(well, slow, lost, died, hung, still))).toEqual([
      'a.js: all neighbours were back after 201 ms; the bar is 200 ms.',
      'a.js: not all neighbours came back.',
      'b.js: the host died: SIGABRT.',
      'c.js: the host hung.',
      "a.js: the host's event loop stood still for 1001 ms.",
    ])
    expect(findMissedBars({ verdicts: [], closedHosts: { expected: 1, ended: 0 } })).toHaveLength(1)
  })

  describe('of a program whose neighbours were late', () => {
    const late = (backMs: number | null): Verdict => ({
      ...well,
      program: 'late.js',
      trial: { ...trial, neighbours: { ...trial.neighbours, backMs } },
    })
    const programs = ['a.js', 'late.js'].map(path => ({ path }) as Program)

    /** What counts after it was late at first, and what was tried again. */
    async function tryAgain(...tries: Verdict[]): Promise<{ readonly run: Run; readonly tried: string[][] }> {
      const [first = late(300), ...others] = tries
      const tried: string[][] = []
      const run = await tryLateAgain(runOf(well, first), programs, async these => {
        tried.push(these.map(({ path }) => path))
        return runOf(others.shift() ?? well)
      })
      return { run, tried }
    }

    test('the middle of three tries counts, and only it is tried again', async () => {
      const { run, tried } = await tryAgain(late(300), late(90), late(150))
      expect(tried).toEqual([['late.js'], ['late.js']])
      expect(run.verdicts[0]).toBe(well)
      expect(run.verdicts[1]).toEqual({ ...late(150), triedBackMs: [300, 90, 150] })
      expect(run.closedHosts).toEqual({ expected: 3, ended: 3 })
      expect(findMissedBars(run)).toEqual([])
    })

    test('two late tries of three miss the bar', async () => {
      const { run } = await tryAgain(late(300), late(90), late(250))
      expect(findMissedBars(run)).toEqual([
        'late.js: all neighbours were back after 250 ms; the bar is 200 ms.',
      ])
    })

    test.each([
      ['the host', { ...died, program: 'late.js' }, 'late.js: the host died: SIGABRT.'],
      ['a neighbour', late(null), 'late.js: not all neighbours came back.'],
    ])('a try that loses %s counts', async (_, harmful, missed) => {
      const { run } = await tryAgain(late(300), late(90), harmful)
      expect(findMissedBars(run)).toEqual([missed])
    })

    test('what was in time, or worse than late, is not tried again', async () => {
      for (const first of [late(200), late(null), { ...died, program: 'late.js' }]) {
        const { run, tried } = await tryAgain(first)
        expect(tried).toEqual([])
        expect(run.verdicts[1]).toBe(first)
      }
    })
  })

  test('stand in a row for each class and one for all', () => {
    const row = ['DEADLINE 4, completed 2', '2/2', '10 of 2,000 (0.50 %)', '9 ms', '80 ms', '201 ms', '2']
    expect(toRows(runOf(well, slow))).toEqual([
      ['heap', '2', ...row],
      ['all', '2', ...row],
    ])
    expect(toRows(runOf(died))[0]).toEqual(['heap', '1', '', '0/1', '', '', '', 'never', '0'])
    expect(toRows(runOf(lost))[0]?.at(-2)).toBe('never')
  })

  test('and the table goes between the markers, and nowhere else', () => {
    const machine = {
      node: 'v26',
      v8: '1',
      isolatedVm: '7',
      platform: 'linux x64',
      cpuModel: 'A CPU',
      coreCount: 2,
    }
    const record: FaultRecord = {
      ...runOf(well),
      measuredAt: '2026-01-02T03:04:05.678Z',
      isolation: 'process',
      machine: { ...machine, memoryMb: 1024 },
    }
    const filled = fillIn('# Title\n<!-- faults -->\nstale\n<!-- /faults -->\nrest\n', record)
    expect(filled).toMatch(/^# Title\n<!-- faults -->\nMeasured on 2026-01-02 .*, 1 programs?: A CPU/)
    expect(filled).toMatch(/\| heap \| 1 \| DEADLINE 2, completed 1 \|.*\n<!-- \/faults -->\nrest\n$/s)
    expect(fillIn(filled, record)).toBe(filled)
    const busy = { ...record, verdicts: [{ ...well, foreignCpuShare: 0.4 }] }
    expect(fillIn(filled, busy)).toContain('Other processes took 40 % of the cores')
    expect(filled).not.toContain('Other processes')
    expect(() => fillIn('# Title\n', record)).toThrow('<!-- faults -->')
  })
})
