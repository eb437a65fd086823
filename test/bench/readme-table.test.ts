import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { fillIn } from '../../bench/readme-table.ts'
import { type BenchRecord, readRecord } from '../../bench/results.ts'
import type { Table } from '../../bench/statistics.ts'

test('the tables of the README are made of the committed results', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  expect(readme).toBe(fillIn(readme, await readRecord('bench'), await readRecord('peers')))
})

describe('fillIn', () => {
  const row = { p50: 0.5, p95: 1, p99: 2, sampleCount: 10, ratio: 0.5, ratioRange: [0.4, 0.6] } as const
  const bench = record('cold-start', [
    {
      title: 'Cold',
      unit: 'ms',
      better: 'lower',
      rows: [
        { ...row, name: 'raw isolated-vm', p50: 1, ratio: 1 },
        { ...row, name: 'cloudlet', bar: 0.6 },
        { ...row, name: 'cloudlet, unprepared', p99Bar: 25 },
        { ...row, name: 'of no concern' },
      ],
    },
    {
      title: 'Many',
      unit: 'ms',
      better: 'higher',
      rows: [
        { ...row, name: 'raw isolated-vm, 3 isolates', opsPerSecond: 1000, ratio: 1 },
        { ...row, name: 'cloudlet', opsPerSecond: 4321.4, ratio: 4.32, bar: 4 },
        { ...row, name: 'raw isolated-vm, twice', opsPerSecond: 2000, ratio: 2 },
      ],
    },
  ])
  const peers: BenchRecord = {
    ...record('peers', [
      {
        title: 'Peers: cold',
        unit: 'ms',
        better: 'lower',
        rows: [
          { ...row, name: 'cloudlet' },
          { ...row, name: 'fork', p50: 44 },
        ],
      },
    ]),
    peers: [
      { name: 'cloudlet', place: 'an isolate each' },
      { name: 'fork', place: 'a process each' },
    ],
    unmeasured: [{ name: 'other', reason: 'It is not there.' }],
  }
  const filled = fillIn('# Name\n<!-- performance -->\nstale\n<!-- /performance -->\nrest\n', bench, peers)

  test('has a line for each row with a bar, in the unit of its table', () => {
    expect(filled).toContain('| Cold | 500 µs | 1.00 ms | 0.50× | ≤ 0.6× |')
    expect(filled).toContain(
      '| Cold (cloudlet, unprepared) | p99 2.00 ms | p99 2.00 ms | 0.50× | p99 ≤ 25.00 ms |',
    )
    expect(filled).toContain('| Many | 4,321/s | 1,000/s (3 isolates) | 4.32× | ≥ 4× |')
    expect(filled).not.toMatch(/of no concern|twice/)
  })

  test('has a line for each peer, and says which could not be measured', () => {
    expect(filled).toContain('|  | a function runs in | cold |')
    expect(filled).toContain('| fork | a process each | 44.00 ms |')
    expect(filled).toContain('other was not measurable: It is not there.')
  })

  test('names the machine, and leaves alone what is outside the markers', () => {
    expect(filled).toContain('2026-01-02: Some CPU, 2 cores, linux x64, Node v26.0.0, isolated-vm 7.0.1.')
    expect(filled.startsWith('# Name\n<!-- performance -->\n')).toBe(true)
    expect(filled.endsWith('\n<!-- /performance -->\nrest\n')).toBe(true)
    expect(filled).not.toContain('stale')
    expect(fillIn(filled, bench, peers)).toBe(filled)
  })

  test('says when a run was a quick one', () => {
    const quick = fillIn(filled, { ...bench, isQuick: true }, peers)
    expect(quick).toContain(
      '2026-01-02: Some CPU, 2 cores, linux x64, Node v26.0.0, isolated-vm 7.0.1, in a quick run.',
    )
  })

  test('says when the machine was busy', () => {
    const busy = { ...bench, machine: { ...bench.machine, loadBefore: 1.1 } }
    expect(fillIn(filled, busy, peers)).toContain('busy with other work')
    expect(filled).not.toContain('busy')
  })

  test('refuses a text without markers', () => {
    expect(() => fillIn('# Name\n', bench, peers)).toThrow('<!-- performance -->')
    expect(() => fillIn('<!-- performance -->\n', bench, peers)).toThrow('<!-- /performance -->')
  })
})

function record(question: string, tables: readonly Table[]): BenchRecord {
  return {
    measuredAt: '2026-01-02T03:04:05.678Z',
    isQuick: false,
    isKeptAwake: true,
    machine: {
      node: 'v26.0.0',
      v8: '14',
      isolatedVm: '7.0.1',
      platform: 'linux x64',
      cpuModel: 'Some CPU',
      coreCount: 2,
      memoryMb: 1024,
      loadBefore: 0,
      loadAfter: 0,
    },
    results: [{ question, tables }],
  }
}
