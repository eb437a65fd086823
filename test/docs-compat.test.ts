import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Collection } from '../src/sdk/collection.ts'
import { createDatabase } from '../src/sdk/database.ts'
import { Document } from '../src/sdk/document.ts'
import { StageChain } from '../src/sdk/pipeline.ts'
import { Query } from '../src/sdk/query.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const text = readFileSync(join(ROOT, 'docs/wx-compat.md'), 'utf8')
const rows = readRows(text)

/** Rows of the tables whose last column is `tests`. */
function readRows(markdown: string): { name: string; state: string; tests: string[] }[] {
  return markdown.split('\n\n').flatMap(block => {
    const [head = '', , ...lines] = block.trim().split('\n')
    if (!/\| tests \|$/.test(head)) return []
    return lines.map(line => {
      const cells = line.split(/(?<!\\)\|/).map(cell => cell.trim())
      const tests = [...(cells.at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
      return { name: cells[1] ?? '', state: cells[2] ?? '', tests }
    })
  })
}

describe('docs/wx-compat.md', () => {
  test('has rows that say how it is, and name tests that exist', () => {
    expect(rows.length).toBeGreaterThan(100)
    for (const { name, state, tests } of rows) {
      expect(['same', 'differs', 'missing', 'added'], name).toContain(state)
      expect(tests.length, name).toBeGreaterThan(0)
      for (const file of tests) expect(existsSync(join(ROOT, `test/${file}.test.ts`)), file).toBe(true)
    }
  })

  const named = new Set(rows.flatMap(({ name }) => [...name.matchAll(/[$\w]+/g)].map(([word]) => word)))
  const db = createDatabase({ call: () => Promise.reject(new Error('nothing is called')), profile: 'server' })
  const methods = (...classes: readonly { readonly prototype: object }[]): string[] =>
    classes.flatMap(one => Object.getOwnPropertyNames(one.prototype)).filter(name => name !== 'constructor')

  test.each([
    ['members of the database', Object.keys(db)],
    ['methods of collections, queries and documents', methods(Collection, Query, Document)],
    ['commands', Object.keys(db.command).filter(name => !['aggregate', 'project'].includes(name))],
    ['projections', Object.keys(db.command.project)],
    ['stages', methods(StageChain)],
    ['expressions', Object.keys(db.command.aggregate).filter(name => name !== 'pipeline')],
  ])('has a row for all %s', (_what, names) => {
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter(name => !named.has(name))).toEqual([])
  })
})
