import type { Outcome } from './run.ts'
import type { Use } from './uses.ts'

const HEAD = [
  '# Packages',
  [
    'What npm packages do inside cloudlet: those that public cloud functions require most, each as its authors publish it,',
    'in a function that uses it on servers of the same machine. [test/packages](../test/packages) has these functions and',
    'what they answer. Each first does the same under Node itself, and does it twice in one instance. `npm run packages`',
    "writes this file, and a test compares it with a run of its own. What Node's own modules do stands in",
    '[node-compat-builtins.md](node-compat-builtins.md).',
  ].join(' '),
]

/** docs/node-compat.md of a whole run. */
export function makeDocument(outcomes: readonly Outcome[]): string {
  const working = outcomes.filter(({ state }) => state === 'works').length
  const rows = outcomes.map(outcome => `${makeRow(outcome)}\n`)
  const table = `| package | state | what is tried | what fails |\n|---|---|---|---|\n${rows.join('')}`
  return [...HEAD, `${working} of ${outcomes.length} work.`, table].join('\n\n')
}

/** The row of one package. */
export function makeRow({ use, tried, state, reason = '' }: Outcome): string {
  return `| \`${tried}\` | ${state} | ${clean(use.does)} | ${clean(reason)} |`
}

/** The outcome that a row was made of, as far as a row has it. */
export function readRow(row: string, use: Use): Outcome {
  const [, tried = '', state = '', , reason = ''] = row.split(/(?<!\\)\|/).map(cell => cell.trim())
  return {
    use,
    tried: tried.slice(1, -1),
    state: state === 'works' ? 'works' : 'fails',
    reason: reason.replaceAll('\\|', '|'),
  }
}

/** One line without what a cell can't hold. */
function clean(text: string): string {
  const [line = ''] = text.split('\n')
  return line.replaceAll('|', '\\|').replaceAll('<', '‹').replaceAll('>', '›')
}
