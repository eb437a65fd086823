import type { Outcome } from './run.ts'

const HEAD = `# Packages

What npm packages do inside cloudlet. These are the packages that public cloud functions require most; each is installed as
its authors publish it, and a function uses it on servers of this machine: [test/packages](../test/packages) has the uses and
what they answer. Each use first does the same under Node itself. This file is written by \`npm run packages\` from a run, and a test
compares it with another.

`

/** docs/node-compat.md of a whole run. */
export function makeDocument(outcomes: readonly Outcome[]): string {
  const working = outcomes.filter(({ state }) => state === 'works').length
  const rows = outcomes.map(outcome => `${makeRow(outcome)}\n`)
  const count = `${working} of ${outcomes.length} work.\n\n`
  return `${HEAD}${count}| package | state | what it does there |\n|---|---|---|\n${rows.join('')}`
}

/** The row of one package: its state, and what its use does or why it fails. */
export function makeRow({ use, tried, state, reason }: Outcome): string {
  const why = reason === undefined ? '' : `: ${clean(reason)}`
  return `| \`${tried}\` | ${state} | ${clean(use.does)}${why} |`
}

/** One line without what a cell can't hold. */
function clean(text: string): string {
  const [line = ''] = text.split('\n')
  return line.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
