/**
 * Measures: a warm invocation that gets a 10 KB JSON object as its event and returns it.
 * Excludes: making the instances.
 * Run with: npm run bench -- values
 *
 * The floor passes the object by structured copy, both ways.
 */
import { FunctionHost } from 'cloudlet'
import { MEMORY_MB } from './functions.ts'
import { type Comparison, compare, type Question } from './harness.ts'
import { RawFunction } from './raw.ts'

const SOURCE = 'exports.main = async event => event'
const ITEM_COUNT = 96
const IN_FLIGHT = 64

export const values: Question = {
  name: 'values',
  measure: async ({ isQuick }) => {
    await using host = new FunctionHost()
    await host.deploy('echo', { files: { 'index.js': SOURCE } })
    const raw = await RawFunction.load(SOURCE, MEMORY_MB)
    const event = makeEvent()
    const contenders: Comparison['contenders'] = [
      { name: 'raw isolated-vm, copy', run: async () => checkEcho(await raw.call(event)) },
      { name: 'cloudlet', run: async () => checkEcho((await host.invoke('echo', event)).result) },
    ]
    const kilobytes = (JSON.stringify(event).length / 1000).toFixed(1)
    const tables = [
      await compare({
        title: `Echo of ${kilobytes} KB of JSON: one at a time`,
        inFlight: 1,
        rounds: isQuick ? 50 : 250,
        warmUpRounds: 40,
        callsPerRound: 25,
        contenders,
      }),
      await compare({
        title: `Echo of ${kilobytes} KB of JSON: ${IN_FLIGHT} in flight on one function`,
        inFlight: IN_FLIGHT,
        rounds: isQuick ? 15 : 100,
        warmUpRounds: 5,
        callsPerRound: 256,
        contenders,
      }),
    ]
    raw.dispose()
    return tables
  },
}

function makeEvent(): { readonly items: readonly object[] } {
  const items = Array.from({ length: ITEM_COUNT }, (_, index) => ({
    id: `message-${index}`,
    text: 'Nice to meet you all, see you on Friday.',
    likes: index * 7,
    isRead: index % 2 === 0,
    tags: ['a', 'b'],
  }))
  return { items }
}

function checkEcho(result: unknown): void {
  const items = typeof result === 'object' && result !== null && 'items' in result ? result.items : undefined
  if (Array.isArray(items) && items.length === ITEM_COUNT) return
  throw new Error('The echo is not what was sent.')
}
