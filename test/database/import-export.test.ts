import { afterAll, describe, expect, test } from 'vitest'
import { readCsv } from '../../src/database/csv.ts'
import { Database } from '../../src/database/database.ts'
import { type ExportOptions, exportDocuments } from '../../src/database/export.ts'
import { type ImportOptions, importDocuments } from '../../src/database/import.ts'
import { readJsonLines } from '../../src/database/json-lines.ts'
import type { FileRecord } from '../../src/database/record.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Encoded, EncodedObject } from '../../src/protocol/value.ts'
import fc from '../random.ts'
import { failure } from './rejection.ts'

const database = new Database()
afterAll(() => database.close())
let collectionCount = 0

async function makeCollection(documents: readonly EncodedObject[] = []): Promise<string> {
  const collection = `c${collectionCount++}`
  await database.createCollection({ collection })
  if (documents.length > 0) await database.add({ collection, documents: [...documents] })
  return collection
}

async function exportText(collection: string, options: Omit<ExportOptions, 'collection'>): Promise<string> {
  let text = ''
  for await (const chunk of exportDocuments(database, { collection, ...options })) text += chunk
  return text
}

/** The text in pieces, cut where it may hurt. */
async function* inPieces(text: string, sizeChars = 7): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += sizeChars) yield text.slice(start, start + sizeChars)
}

async function importText(
  text: string | AsyncIterable<string>,
  options: Omit<ImportOptions, 'onReject' | 'format'> & Partial<ImportOptions>,
): Promise<unknown> {
  const rejected: [number, string][] = []
  const result = await importDocuments(database, typeof text === 'string' ? inPieces(text) : text, {
    format: 'json',
    onReject: (line, reason) => rejected.push([line, reason]),
    ...options,
  })
  expect(result.rejected).toBe(rejected.length)
  return { inserted: result.inserted, replaced: result.replaced, rejected }
}

async function all(collection: string): Promise<EncodedObject[]> {
  const { documents } = await database.query({ collection, filter: {} })
  return documents
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map(one => one.toWellFormed()),
  fc.constantFrom(
    '',
    '1',
    '-0',
    '007',
    '1e5',
    'true',
    'null',
    '{"a":1}',
    '[1]',
    '"q"',
    '"',
    'a,b',
    'a\r\nb',
    ' x ',
    '{',
    '110101199003077758',
    '\ufeff',
    '\r',
  ),
)
const leaf = fc.oneof<fc.Arbitrary<Encoded>[]>(
  text,
  fc.constantFrom<Encoded>(
    0,
    1,
    -1,
    0.1,
    1e21,
    5e-324,
    2 ** 53,
    2 ** 60 + 256,
    -(2 ** 62),
    true,
    false,
    null,
  ),
  fc.constantFrom<Encoded>(
    { $numberDouble: 'NaN' },
    { $numberDouble: 'Infinity' },
    { $numberDouble: '-Infinity' },
  ),
  fc.constantFrom<Encoded>(
    { $date: 0 },
    { $date: -1 },
    { $date: 1.6e12 },
    { $date: -9e13 },
    { $date: 8.64e15 },
  ),
  fc.constant<Encoded>({ type: 'Point', coordinates: [113, 23] }),
  fc.constant<Encoded>({ pattern: 'a', options: 'i' }),
)
const name = fc.constantFrom('a', 'b', 'c', '中', '__proto__', 'constructor', 'x y', '1')
const { value } = fc.letrec<{ value: Encoded }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map(entries => Object.fromEntries(entries)),
  ),
}))
const documents = fc
  .array(fc.array(fc.tuple(name, value), { maxLength: 4 }), { minLength: 1, maxLength: 5 })
  .map(list =>
    list.map(
      (entries, index): EncodedObject => ({
        _id: index % 2 ? index : `id${index}`,
        ...Object.fromEntries(entries),
      }),
    ),
  )

describe('what was exported and is imported again is the same', () => {
  test.each(['json', 'csv'] as const)(
    '%s, for values of every type',
    async format => {
      const fields = ['_id', 'a', 'b', 'c', '中', '__proto__', 'constructor', 'x y', '1']
      await fc.assert(
        fc.asyncProperty(documents, fc.integer({ min: 1, max: 50 }), async (stored, sizeChars) => {
          const from = await makeCollection(stored)
          const exported = await exportText(from, format === 'csv' ? { format, fields } : { format })
          const to = await makeCollection()
          expect(
            await importText(inPieces(exported, sizeChars), { collection: to, format, mode: 'insert' }),
          ).toEqual({
            inserted: stored.length,
            replaced: 0,
            rejected: [],
          })
          const [before, after] = [await all(from), await all(to)]
          // As text, since some of the names mean something to a comparison of objects. Columns have one order for all.
          const inOrder = (document: EncodedObject): unknown =>
            format === 'json'
              ? document
              : fields.map(field => (Object.hasOwn(document, field) ? [document[field]] : []))
          expect(JSON.stringify(after.map(inOrder))).toBe(JSON.stringify(before.map(inOrder)))
          await database.dropCollection(from)
          await database.dropCollection(to)
        }),
        { numRuns: 150 },
      )
    },
    60_000,
  )

  test('over many pages, in the same order', async () => {
    const stored = Array.from({ length: 3000 }, (_, index) => ({
      _id: (index * 7919) % 3000,
      text: 'x'.repeat(1000),
    }))
    const from = await makeCollection(stored)
    const to = await makeCollection()
    const counts: number[] = []
    const exported = await exportText(from, { format: 'json', onProgress: count => counts.push(count) })
    expect(counts.length).toBeGreaterThan(1)
    expect(counts.at(-1)).toBe(3000)
    await importText(inPieces(exported, 65_536), { collection: to, mode: 'insert' })
    expect((await all(to)).map(({ _id }) => _id)).toEqual(stored.map(({ _id }) => _id))
  }, 30_000)
})

describe('export', () => {
  test('writes dates as people and tools read them, and only what is asked for', async () => {
    const collection = await makeCollection([
      { _id: 1, at: { $date: 1535736600882 }, o: { a: 1, b: [1, 'x'] }, s: 'a "b", c' },
      { _id: 2, o: 5, s: '12' },
    ])
    expect(await exportText(collection, { format: 'json' })).toBe(
      '{"_id":1,"at":{"$date":"2018-08-31T17:30:00.882Z"},"o":{"a":1,"b":[1,"x"]},"s":"a \\"b\\", c"}\n' +
        '{"_id":2,"o":5,"s":"12"}\n',
    )
    expect(await exportText(collection, { format: 'json', fields: ['o.a', 's'], filter: { _id: 1 } })).toBe(
      '{"o":{"a":1},"s":"a \\"b\\", c"}\n',
    )
    expect(await exportText(collection, { format: 'csv', fields: ['_id', 'o.a', 'o.b', 's', 'at'] })).toBe(
      '_id,o.a,o.b,s,at\r\n' +
        '1,1,"[1,""x""]","a ""b"", c","{""$date"":""2018-08-31T17:30:00.882Z""}"\r\n' +
        '2,,,"""12""",\r\n',
    )
  })

  test('refuses CSV without fields, bad fields, and a collection that is not there', async () => {
    const collection = await makeCollection()
    await expect(exportText(collection, { format: 'csv' })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'fields'),
    )
    await expect(exportText(collection, { format: 'json', fields: ['a..b'] })).rejects.toMatchObject(
      failure('INVALID_PARAM', 'a..b'),
    )
    await expect(exportText(collection, { format: 'json', fields: ['a', 'a.b'] })).resolves.toBe('')
    await expect(exportText('none', { format: 'json' })).rejects.toMatchObject(
      failure('DATABASE_COLLECTION_NOT_EXIST'),
    )
  })
})

async function recordsOf(records: AsyncIterable<FileRecord>): Promise<unknown[]> {
  const list: unknown[] = []
  for await (const record of records)
    list.push('problem' in record ? `${record.line}: ${record.problem}` : record.document)
  return list
}

const jsonRecords = (given: string, sizeChars?: number): Promise<unknown[]> =>
  recordsOf(readJsonLines(inPieces(given, sizeChars)))
const csvRecords = (given: string, sizeChars?: number): Promise<unknown[]> =>
  recordsOf(readCsv(inPieces(given, sizeChars)))

describe('JSON Lines', () => {
  test.each<[string, string, unknown[]]>([
    ['one a line', '{"a":1}\n{"a":2}\r\n\n{"a":3}', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    [
      'over several lines',
      '{\n  "a": {\n    "b": 1\n  }\n}\n{"c":\n2}\n{"d":3}',
      [{ a: { b: 1 } }, { c: 2 }, { d: 3 }],
    ],
    [
      'a record that never ends spoils itself alone',
      '{"a":1\n{"b":2}\n',
      [expect.stringContaining('1: '), { b: 2 }],
    ],
    ['what is no JSON', '{"a":1}\noops\n{"b":2}', [{ a: 1 }, expect.stringContaining('2: '), { b: 2 }]],
    ['an array', '[{"a":1}]', [expect.stringContaining('1: This is a JSON array')]],
    ['no object', '5', ['1: A document must be a JSON object.']],
    [
      'extended JSON',
      '{"a":{"$date":"2018-08-31T17:30:00.882Z"},"b":{"$date":5},"c":{"$date":{"$numberLong":"-7"}},"d":{"$numberInt":"3"},"e":{"$numberLong":"4"},"f":{"$numberDouble":"NaN"},"g":{"$numberDouble":"1.5"},"h":{"$oid":"5f3e"},"i":{"$regex":"x","$options":"i"},"j":{"$undefined":true}}',
      [
        {
          a: { $date: 1535736600882 },
          b: { $date: 5 },
          c: { $date: -7 },
          d: 3,
          e: 4,
          f: { $numberDouble: 'NaN' },
          g: 1.5,
          h: '5f3e',
          i: { pattern: 'x', options: 'i' },
          j: null,
        },
      ],
    ],
    [
      'dotted names',
      '{"a.b":1,"a":{"c":2},"a.d.e":3}',
      ['1: The field name "a" is ambiguous: another says what is there.'],
    ],
    ['dotted names that agree', '{"a":{"c":2},"a.b":1,"a.d.e":3}', [{ a: { c: 2, b: 1, d: { e: 3 } } }]],
    [
      'a dotted name below a value',
      '{"a":1,"a.b":2}',
      ['1: The field name "a.b" is ambiguous: another says what is there.'],
    ],
    [
      'a name with stray dots',
      '{".a":1}\n{"a.":1}\n{"a..b":1}',
      [
        expect.stringContaining('1: The field name ".a"'),
        expect.stringContaining('2: '),
        expect.stringContaining('3: '),
      ],
    ],
    [
      'a name that is there twice',
      '{"x":{"a":1,"b":[{"a":1}],"\\u0061":2}}',
      ['1: The field "a" is there twice.'],
    ],
    [
      'unknown types',
      '{"a":{"$binary":"AA=="}}\n{"a":{"$date":"soon"}}\n{"$set":{"a":1}}\n{"a":{"$numberLong":"1.5"}}',
      [
        expect.stringContaining('$binary'),
        expect.stringContaining('$date'),
        expect.stringContaining('"$set" starts with $'),
        expect.stringContaining('integer'),
      ],
    ],
    ['a name of JavaScript', '{"__proto__":{"x":1}}', [JSON.parse('{"__proto__":{"x":1}}')]],
  ])('%s', async (_name, given, expected) => {
    for (const sizeChars of [1, 3, 1000]) expect(await jsonRecords(given, sizeChars)).toEqual(expected)
  })

  test('a record as large as it may be, and one larger', async () => {
    const frame = '{"a":""}'.length
    const record = (sizeChars: number): string => `{"a":"${'x'.repeat(sizeChars - frame)}"}`
    const given = `${record(LIMITS.importRecordChars)}\n${record(LIMITS.importRecordChars + 1)}\n{"b":1}`
    const [whole, tooLarge, next] = await jsonRecords(given, 1 << 20)
    expect(JSON.stringify(whole)).toHaveLength(LIMITS.importRecordChars)
    expect(tooLarge).toBe(`2: The record has more than ${LIMITS.importRecordChars} characters.`)
    expect(next).toEqual({ b: 1 })
  }, 30_000)
})

describe('CSV', () => {
  test.each<[string, string, unknown[]]>([
    [
      'types by what a cell holds',
      'a,b,c,d,e,f\n1,-2.5e3,true,null,,x\r\n',
      [{ a: 1, b: -2500, c: true, d: null, f: 'x' }],
    ],
    [
      'digits that a number would lose',
      'a,b,c\n007,110101199003077758,+1',
      [{ a: '007', b: '110101199003077758', c: '+1' }],
    ],
    ['quotes', 'a,b\n"x, ""y""","two\nlines"\n"12",""', [{ a: 'x, "y"', b: 'two\nlines' }, { a: 12 }]],
    [
      'JSON in cells',
      'a,b,c\n"{""$date"":5}","[1,""x""]","""12"""\n{no,[no,"""no"',
      [
        { a: { $date: 5 }, b: [1, 'x'], c: '12' },
        { a: '{no', b: '[no', c: '"no' },
      ],
    ],
    ['nested names', 'a.b,a.c\n1,2\n3', [{ a: { b: 1, c: 2 } }, { a: { b: 3 } }]],
    ['too many cells', 'a\n1,2\n3', ['2: The row has 2 cells, but there are 1 columns.', { a: 3 }]],
    [
      'lines are counted over quoted ones',
      'a\n"x\ny"\n1,2',
      [{ a: 'x\ny' }, '4: The row has 2 cells, but there are 1 columns.'],
    ],
    ['an unclosed quote', 'a\n1\n"x', [{ a: 1 }, '3: A quote is opened and never closed.']],
    [
      'columns that contradict',
      'a,a.b\n1,2',
      ['1: The field name "a.b" is ambiguous: another says what is there.'],
    ],
    ['a column twice', 'a,a\n1,2', [expect.stringContaining('1: The field name "a"')]],
    ['a column without a name', 'a,,b\n', ['1: A column has no name.']],
    ['a bad value', 'a\n"{""$binary"":1}"\n1', [expect.stringContaining('2: '), { a: 1 }]],
    ['empty lines', 'a\n\n1\n\n', [{ a: 1 }]],
  ])('%s', async (_name, given, expected) => {
    for (const sizeChars of [1, 3, 1000]) expect(await csvRecords(given, sizeChars)).toEqual(expected)
  })
})

describe('import', () => {
  test('insert rejects ids that exist, in the file and in the collection, each with its line', async () => {
    const collection = await makeCollection([{ _id: 'old' }])
    const given = [
      '{"_id":"a"}',
      '{"_id":"old"}',
      '{"n":1}',
      '{"_id":"a"}',
      '{"_id":{"x":1}}',
      '{"_id":"b"}',
    ].join('\n')
    expect(await importText(given, { collection, mode: 'insert' })).toEqual({
      inserted: 3,
      replaced: 0,
      rejected: [
        [2, expect.stringContaining('E11000')],
        [4, expect.stringContaining('E11000')],
        [5, expect.stringContaining('_id must be')],
      ],
    })
    expect((await all(collection)).map(({ _id, n }) => n ?? _id)).toEqual(['old', 'a', 1, 'b'])
  })

  test('upsert replaces by id, the last one wins, and unique indexes hold', async () => {
    const collection = await makeCollection([{ _id: 'old', n: 1, k: 1 }])
    await database.createIndex({ collection, fields: [['k', 1]], unique: true, sparse: true })
    const given = [
      '{"_id":"old","n":2}',
      '{"_id":"a","n":1}',
      '{"_id":"a","n":2}',
      '{"n":3}',
      '{"_id":5,"k":7}',
      '{"_id":6,"k":7}',
    ].join('\n')
    expect(await importText(given, { collection, mode: 'upsert' })).toEqual({
      inserted: 3,
      replaced: 2,
      rejected: [[6, expect.stringContaining('E11000')]],
    })
    expect((await all(collection)).map(({ n }) => n)).toEqual([2, 2, 3, undefined])
  })

  test('a collection that is not there fails the import', async () => {
    await expect(importText('{"a":1}', { collection: 'none', mode: 'insert' })).rejects.toMatchObject(
      failure('DATABASE_COLLECTION_NOT_EXIST'),
    )
  })

  test('a large file goes through in batches', async () => {
    const collection = await makeCollection()
    const lines = function* (): Generator<string> {
      for (let index = 0; index < 20_000; index++) yield `{"_id":${index},"text":"${'x'.repeat(100)}"}\n`
    }
    const counts: number[] = []
    const { commitCount } = database.stats()
    await importText(fromLines(lines()), {
      collection,
      mode: 'insert',
      onProgress: ({ inserted }) => counts.push(inserted),
    })
    expect(counts.slice(0, 2)).toEqual([500, 1000])
    expect(counts.at(-1)).toBe(20_000)
    expect(database.stats().commitCount - commitCount).toBe(40)
  }, 30_000)
})

async function* fromLines(lines: Iterable<string>): AsyncGenerator<string> {
  yield* lines
}
