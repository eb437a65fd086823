import { type Ending, expectFields, type Part, type Sent } from './part.ts'
import type { Random } from './random.ts'

/** Documents `fixed-0`, `fixed-1`, … that the functions read: as many as the widest fan-out asks for. */
export const FIXED_COUNT = 16

/** Ten kilobytes of JSON, most of them different each time. */
const ECHO_CHARS = 10_000
const FILE_CHARS = 2000
const LOG_LINES = 30
const BUSY_TURNS = 400_000

/** How many instances it has under load is its own to say. */
type GoodPart = Part & { readonly config: { readonly concurrency: number } }

const good = (part: Omit<GoodPart, 'folder' | 'endings'>): GoodPart => ({
  ...part,
  folder: 'good',
  endings: ['completed'],
})

/** Called in waves, many at once, within the smallest memory: what ended such a function is in native-notes/memory.md. */
export const ECHO: GoodPart = good({
  name: 'echo',
  weight: 0,
  config: { memorySize: 32, concurrency: 2 },
  makeEvent: random => ({ text: writeText(random, ECHO_CHARS) }),
  findFault: (result, { event }) => expectFields(result, { text: event['text'] }),
})

/** Ways to misbehave, and how that ends. Few in hundreds do; the others must not notice. */
const MOODS: Readonly<Record<string, readonly Ending[]>> = {
  loop: ['CLOUDLET_DEADLINE'],
  silence: ['CLOUDLET_DEADLINE'],
  // On a slow machine its CPU limit comes before its memory is full.
  bomb: ['CLOUDLET_MEMORY_LIMIT', 'CLOUDLET_DEADLINE'],
  throw: ['CLOUDLET_FUNCTION_THREW'],
  huge: ['CLOUDLET_VALUE'],
}
/** How many answer well for one that doesn't. */
const CALM = 100

/** Called in waves too: quick enough to cross many at once. */
export const MOODY: GoodPart = good({
  name: 'moody',
  weight: 0,
  config: { memorySize: 32, concurrency: 4, timeout: 4, cpuMs: 500 },
  makeEvent: random => ({ mood: Object.keys(MOODS)[random.integer(0, Object.keys(MOODS).length * CALM)] }),
  endingsOf: ({ event }) => MOODS[String(event['mood'])] ?? ['completed'],
})

/** Called by others, not by itself. */
export const INNER: GoodPart = good({ name: 'inner', weight: 0, config: { concurrency: 8 } })

export const GOOD_PARTS: readonly GoodPart[] = [
  good({ name: 'hello', weight: 8, config: { concurrency: 4 } }),
  good({
    name: 'documents',
    weight: 2,
    config: { concurrency: 4 },
    findFault: result => expectFields(result, { steps: 2, removed: 1 }),
  }),
  good({
    name: 'files',
    weight: 1,
    config: { concurrency: 2 },
    makeEvent: random => ({ text: writeText(random, FILE_CHARS) }),
    findFault: (result, { event }) => expectFields(result, { text: event['text'], status: 0 }),
  }),
  good({
    name: 'nested',
    weight: 2,
    config: { concurrency: 4 },
    findFault: (result, { openid }) => expectFields(result, { ownOpenid: openid, source: 'wx_client,scf' }),
  }),
  good({
    name: 'timers',
    weight: 3,
    config: { concurrency: 4 },
    makeEvent: random => ({ delaysMs: [random.integer(1, 3), random.integer(1, 3), random.integer(1, 5)] }),
    findFault: result => expectFields(result, { isAlone: true, isSame: true }),
  }),
  good({
    name: 'busy',
    weight: 1,
    config: { concurrency: 2 },
    makeEvent: random => ({ start: random.integer(0, BUSY_ANSWERS.length - 1), turnCount: BUSY_TURNS }),
    findFault: (result, sent) => expectFields(result, { hash: busyAnswer(sent) }),
  }),
  good({
    name: 'logs',
    weight: 1,
    config: { concurrency: 2 },
    makeEvent: () => ({ lineCount: LOG_LINES }),
  }),
  good({
    name: 'fan-out',
    weight: 1,
    config: { concurrency: 2 },
    makeEvent: () => ({ callCount: FIXED_COUNT }),
    findFault: result => expectFields(result, { rightCount: FIXED_COUNT }),
  }),
  good({
    name: 'leaves-work',
    weight: 1,
    config: { concurrency: 2 },
    makeEvent: random => ({ waitMs: random.integer(1, 6) }),
  }),
]

/** With those that are not chosen by weight. */
export const ALL_GOOD_PARTS: readonly GoodPart[] = [...GOOD_PARTS, ECHO, MOODY, INNER]

/** Right answers of `busy`, by `start`: computed once, so that the host needn't compute as much as the guests. */
const BUSY_ANSWERS: readonly number[] = Array.from({ length: 8 }, (_, start) => {
  let hash = start
  for (let turn = 0; turn < BUSY_TURNS; turn++) hash = Math.imul(hash ^ (turn & 255), 16_777_619)
  return hash
})

function busyAnswer({ event }: Sent): number | undefined {
  return BUSY_ANSWERS[Number(event['start'])]
}

function writeText(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += `${random.integer(0, 0xffff_ffff).toString(36)}"\u{1f600}\n`
  return text
}
