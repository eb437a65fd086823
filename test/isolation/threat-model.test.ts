import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = readFileSync(new URL('../../docs/threat-model.md', import.meta.url), 'utf8')

/** Names in the last column of a section's table; `*` stands for any ending. */
function namesIn(heading: string): string[] {
  const [, after = ''] = text.split(`## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  const rows = section.split('\n').filter(line => line.startsWith('| '))
  return rows.flatMap(row =>
    [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
}

function programsIn(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, import.meta.url)).map(file => file.replace(/\.js$/, ''))
}

const isNamed = (program: string, names: readonly string[]): boolean =>
  names.some(name => (name.endsWith('*') ? program.startsWith(name.slice(0, -1)) : program === name))

test.each([
  ['Stopped in the process', 'programs', ''],
  ['Noticed in the process', 'wedging', 'wedging/'],
])('%s: every program has a row, and every row its programs', (heading, folder, prefix) => {
  const names = namesIn(heading).map(name => {
    expect(name.startsWith(prefix)).toBe(true)
    return name.slice(prefix.length)
  })
  const programs = programsIn(folder)
  expect(programs.filter(program => !isNamed(program, names))).toEqual([])
  expect(names.filter(name => !programs.some(program => isNamed(program, [name])))).toEqual([])
})

test('Hostile peers: every row names tests there are', () => {
  const rows = namesIn('Hostile peers')
  expect(rows.length).toBeGreaterThan(20)
  const missing = rows.filter(name => {
    const path = name.includes('/') ? name : `transport/${name}`
    return !existsSync(new URL(`../${path}.test.ts`, import.meta.url))
  })
  expect(missing).toEqual([])
})
