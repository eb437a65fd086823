/** Many calls of one function at once, which may share a crossing: one that goes wrong touches only itself. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

const IN_FLIGHT = 64
const SOURCE = `exports.main = async ({ n, mood, userInfo }) => {
  if (mood?.startsWith('late-')) {
    await undefined
    mood = mood.slice('late-'.length)
  }
  if (mood === 'loop') for (;;);
  if (mood === 'silence') return new Promise(() => {})
  if (mood === 'bomb') { const kept = []; for (;;) kept.push({ n: kept.length }) }
  if (mood === 'throw') throw new Error('thrown by ' + n)
  console.log(n)
  return { n, openid: userInfo.openId }
}`

type Moods = Readonly<Record<number, string>>

/** Each answer as it has to be, or what came instead. */
async function runWave(name: string, moods: Moods = {}): Promise<string[]> {
  const calls = Array.from({ length: IN_FLIGHT }, async (_, n) => {
    const event = n in moods ? { n, mood: moods[n] } : { n }
    try {
      const { result, logs } = await host.invoke(name, event, { caller: { openid: `o-${n}` } })
      expect(result).toEqual({ n, openid: `o-${n}` })
      expect(logs.map(({ message }) => message)).toEqual([String(n)])
      return 'right'
    } catch (error) {
      return String(Reflect.get(Object(error), 'code') ?? error)
    }
  })
  return Promise.all(calls)
}

/** As many calls as it takes for the function to be known as quick. */
async function warmUp(name: string): Promise<void> {
  for (let wave = 0; wave < 20; wave++) {
    expect(await runWave(name)).toEqual(Array(IN_FLIGHT).fill('right'))
  }
}

test.each<[what: string, moods: Moods, endings: readonly string[]]>([
  ['one throws', { 10: 'throw' }, ['CLOUDLET_FUNCTION_THREW']],
  ['the first is silent', { 0: 'silence' }, ['CLOUDLET_DEADLINE']],
  ['the last is silent', { 63: 'silence' }, ['CLOUDLET_DEADLINE']],
  ['one loops', { 10: 'loop' }, ['CLOUDLET_DEADLINE']],
  ['one loops in a microtask', { 10: 'late-loop' }, ['CLOUDLET_DEADLINE']],
  ['one exhausts its memory in a microtask', { 10: 'late-bomb' }, ['CLOUDLET_MEMORY_LIMIT']],
  ['two loop', { 10: 'loop', 40: 'loop' }, ['CLOUDLET_DEADLINE', 'CLOUDLET_DEADLINE']],
  ['one loops, one is silent', { 3: 'loop', 20: 'silence' }, ['CLOUDLET_DEADLINE', 'CLOUDLET_DEADLINE']],
  ['one exhausts its memory', { 30: 'bomb' }, ['CLOUDLET_MEMORY_LIMIT']],
])('%s', async (_, moods, endings) => {
  const config = {
    concurrency: 4,
    timeout: 10,
    cpuMs: endings.includes('CLOUDLET_MEMORY_LIMIT') ? 8000 : 300,
    memorySize: 16,
  }
  // Only those that are silent need their time.
  const timeout = Object.values(moods).includes('silence') ? 3 : config.timeout
  await host.deploy('f', { files: { 'index.js': SOURCE }, config: { ...config, timeout } })
  await warmUp('f')
  const answers = await runWave('f', moods)
  expect(answers.filter((_, n) => n in moods)).toEqual(endings)
  expect(answers.filter((_, n) => !(n in moods))).toEqual(Array(IN_FLIGHT - endings.length).fill('right'))
  expect(await runWave('f')).toEqual(Array(IN_FLIGHT).fill('right'))
})

test('one that exhausts its memory before anybody looks takes none of the others along', async () => {
  const source = `exports.main = ({ n, isBomb }) => {
    const kept = []
    while (isBomb) kept.push(new Array(2000).fill(kept.length))
    return n
  }`
  await host.deploy('f', { files: { 'index.js': source }, config: { memorySize: 8 } })
  const ask = (n: number, isBomb: boolean): Promise<unknown> =>
    host.invoke('f', { n, isBomb }).then(
      ({ result }) => result,
      (error: unknown) => Reflect.get(Object(error), 'code'),
    )
  for (let wave = 0; wave < 20; wave++) {
    await Promise.all(Array.from({ length: IN_FLIGHT }, (_, n) => ask(n, false)))
  }
  const answers = await Promise.all(Array.from({ length: IN_FLIGHT }, (_, n) => ask(n, n === 20)))
  expect(answers).toEqual(answers.map((_, n) => (n === 20 ? 'CLOUDLET_MEMORY_LIMIT' : n)))
})

test('a loop among them leaves no thread behind', { timeout: 120_000 }, async () => {
  const names = Array.from({ length: 12 }, (_, index) => `f${index}`)
  for (const name of names) {
    await host.deploy(name, { files: { 'index.js': SOURCE }, config: { concurrency: 4, cpuMs: 500 } })
    await warmUp(name)
    expect((await runWave(name, { 3: 'loop' })).filter(answer => answer !== 'right')).toEqual([
      'CLOUDLET_DEADLINE',
    ])
  }
  // Optimised loops were seen to outlive their isolate for some seconds, on a busy machine longer.
  await expect
    .poll(() => host.health, { timeout: 40_000 })
    .toEqual({ isHealthy: true, status: 'ok', reasons: [] })
  for (const name of names) expect(await runWave(name)).toEqual(Array(IN_FLIGHT).fill('right'))
})
