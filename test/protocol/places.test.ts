import { encodedMappings, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { expect, test } from 'vitest'
import { findPlace, type Mapping, writePlaces } from '../../src/protocol/places.ts'
import fc from '../random.ts'

const mappings = fc
  .array(
    fc.record({
      line: fc.integer({ min: 1, max: 40 }),
      column: fc.integer({ min: 0, max: 5000 }),
      source: fc.integer({ min: 0, max: 3 }),
      sourceLine: fc.integer({ min: 1, max: 200_000 }),
      sourceColumn: fc.integer({ min: 0, max: 100_000 }),
    }),
    { maxLength: 300 },
  )
  .map(list => {
    const byPlace = new Map(list.map(item => [item.line * 10_000 + item.column, item]))
    return [...byPlace]
      .sort(([a], [b]) => a - b)
      .map(
        ([, { line, column, source, sourceLine, sourceColumn }]): Mapping =>
          source === 0 ? [line, column, 0, 0, 0] : [line, column, source, sourceLine, sourceColumn],
      )
  })

const SOURCES = ['/a.ts', '/b.ts', '/c.ts']

function asTrace(list: readonly Mapping[]): TraceMap {
  const lines: [number, number, number, number][][] = Array.from({ length: 41 }, () => [])
  for (const [line, column, source, sourceLine, sourceColumn] of list) {
    const segment = source === 0 ? [column] : [column, source - 1, sourceLine - 1, sourceColumn]
    lines[line - 1]?.push(segment as [number, number, number, number])
  }
  return new TraceMap({ version: 3, names: [], sources: SOURCES, mappings: lines })
}

test('a place is what the source map says, wherever its part of the text begins', () => {
  fc.assert(
    fc.property(
      mappings,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 42 }), fc.integer({ min: 1, max: 5100 })), {
        maxLength: 50,
      }),
      fc.stringMatching(/^[A-Za-z]{0,20}$/),
      (list, asked, before) => {
        const { text, blockCount } = writePlaces(list)
        const trace = asTrace(list)
        expect(encodedMappings(trace)).toBeTypeOf('string')
        const table = `${before}${text}${text}`
        for (const [line, column] of [...asked, ...list.map(([l, c]) => [l, c + 1] as const)]) {
          const found = findPlace(table, [before.length, blockCount, SOURCES], line, column)
          const wanted = originalPositionFor(trace, { line, column: column - 1 })
          expect(found).toEqual(
            wanted.source === null
              ? undefined
              : { path: wanted.source, line: wanted.line, column: wanted.column + 1 },
          )
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('no mappings, no place', () => {
  expect(findPlace('', [0, 0, []], 1, 1)).toBeUndefined()
})
