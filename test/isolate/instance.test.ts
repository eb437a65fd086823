import { beforeAll, describe, expect, test } from 'vitest'
import type { HostCall } from '../../src/isolate/host-call.ts'
import type { RunResult } from '../../src/isolate/job.ts'
import { LocalIsolates } from '../../src/isolate/local-isolates.ts'
import { Pool, type PoolStats } from '../../src/isolate/pool.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'
import { SEND, START } from '../../src/protocol/bridge.ts'

beforeAll(() => prepareSnapshot('plain'))

/** Runs a function that speaks to the host directly, as code would that had got hold of the runtime's callback. */
async function runTakenOver(
  body: string,
  limitMs = 1000,
): Promise<{ ran: RunResult; calls: string[]; stats: PoolStats; isOver: boolean }> {
  const source = `{
    const send = ${SEND}
    const main = () => {
      ${body}
      setTimeout(() => send('[{"type":"over"}]'), 50)
      return new Promise(() => {})
    }
    ${START}({
      entry: '/index.js',
      modules: [['/index.js', exports => { exports.main = main }]],
      resolutions: {},
      lines: [],
    })
  }`
  return runProgram(source, limitMs)
}

async function runProgram(
  source: string,
  limitMs: number,
): Promise<{ ran: RunResult; calls: string[]; stats: PoolStats; isOver: boolean }> {
  const pool = new Pool({
    source: new LocalIsolates(),
    maxInstances: 1,
    budgetBytes: 1e8,
    maxSpares: 0,
    onWedged: () => {},
    onWarning: () => {},
  })
  const calls: string[] = []
  const call: HostCall = async op => {
    calls.push(op)
    return { kind: 'reply', valueText: '{}' }
  }
  const over = Promise.withResolvers<void>()
  let isOver = false
  const key = {
    name: 'f',
    program: { source },
    memoryMb: 16,
    runtime: 'plain',
    nodeNames: [],
    concurrency: 1,
  } as const
  const ran = await pool.open(key).run({
    admittedMs: performance.now(),
    eventText: '{}',
    requestId: '1',
    fixedText: JSON.stringify({
      context: {},
      environment: {},
      variables: {},
      limits: { logLines: 9, logChars: 999, timers: 9 },
    }),
    variablesText: '{}',
    call,
    onLog: () => {},
    isIdempotent: false,
    onRestart: () => {},
    limitMs,
    cpuLimitMs: limitMs,
    limits: { logLines: 1000, logChars: 262_144, timers: 10, hostCalls: 10_000, hostCallBytes: 1e9 },
    cancellation: undefined,
    meter: { heapUsedBytes: 0, untakenChars: 0, onTaken: undefined },
    onOver: () => {
      isOver = true
      over.resolve()
    },
  })
  await over.promise
  await expect.poll(() => pool.stats().busyCount).toBe(0)
  const stats = pool.stats()
  pool.close()
  return { ran, calls, stats, isOver }
}

describe('a guest that forges its messages', () => {
  test.each([
    ['no JSON', "send('{')"],
    ['no text', 'send()'],
    ['a number', 'send(5)'],
    ['an object', 'send({})'],
    ['no list', `send('{}')`],
    ['a list of nothing', `send('[null]')`],
    ['an unknown type', `send('[{"type":"root"}]')`],
    ['a type from the prototype', `send('[{"type":"constructor"}]')`],
    ['results that are no list', `send('[{"type":"results","results":{"0":1}}]')`],
    [
      'a result while a call waits',
      `send('[{"type":"call","id":1,"op":"x","args":{}},{"type":"results","results":[1]}]')`,
    ],
    ['results that turn in another way', `send('[{"type":"results","results":[1],"turned":1}]')`],
    ['more results than fit', `send('[{"type":"results","results":[' + '1,'.repeat(100000) + '1]}]')`],
    ['an outcome without a failure', `send('[{"type":"threw"}]')`],
    ['a failure of the wrong shape', `send('[{"type":"threw","failure":{"name":1}}]')`],
    ['a call without an op', `send('[{"type":"call","id":1,"args":{}}]')`],
    ['a call without arguments', `send('[{"type":"call","id":1,"op":"x","args":[]}]')`],
    ['a call with a fractional id', `send('[{"type":"call","id":1.5,"op":"x","args":{}}]')`],
    ['a call whose bytes are missing', `send('[{"type":"call","id":1,"op":"x","args":{},"buffer":3}]')`],
    ['a call whose bytes are text', `send('[{"type":"call","id":1,"op":"x","args":{},"buffer":0}]', 'text')`],
    [
      'an id in use',
      `send('[{"type":"call","id":1,"op":"x","args":{}},{"type":"call","id":1,"op":"x","args":{}}]')`,
    ],
    [
      'more calls than may wait',
      `send(JSON.stringify(Array.from({ length: 1001 }, (_, id) => ({ type: 'call', id, op: 'x', args: {} }))))`,
    ],
    [
      'more messages than a crossing has',
      `send(JSON.stringify(Array(8193).fill({ type: 'wait', afterMs: null })))`,
    ],
    ['a crossing too long', `send('[' + ' '.repeat(16 * 1024 * 1024) + ']')`],
    [
      'a stack too long',
      `send(JSON.stringify([{ type: 'unloadable', failure: { name: '', message: '', stack: '/var/user/'.repeat(40000), fields: {} } }]))`,
    ],
    [
      'more log lines than there may be',
      `send(JSON.stringify(Array(3000).fill({ type: 'log', level: 'info', message: 'x', timeMs: 1 })))`,
    ],
    ['a wait beyond what a timer holds', `send('[{"type":"wait","afterMs":1e300}]')`],
    ['a log of an unknown level', `send('[{"type":"log","level":"root","message":"x","timeMs":1}]')`],
    ['a wait of less than nothing', `send('[{"type":"wait","afterMs":-1}]')`],
    ['an end before its answer', `send('[{"type":"over"}]')`],
    [
      'an end while it has a call waiting',
      `send('[{"type":"done","result":1},{"type":"call","id":1,"op":"x","args":{}},{"type":"over"}]')`,
    ],
    ['an end of no kind', `send('[{"type":"done","result":1,"over":"yes"}]')`],
    ['none of those behind it left out', `send('[{"type":"unstarted","count":0}]')`],
    ['a wait of no number', `send('[{"type":"wait","afterMs":"1"}]')`],
  ])('%s ends its isolate as crashed', async (_, body) => {
    const { ran, stats } = await runTakenOver(body)
    expect(ran.outcome.kind).toBe('crashed')
    expect(stats).toMatchObject({ idleCount: 0, recycledCount: { crashed: 1 } })
  })

  test('a heap that fills while V8 compiles ends the isolate, not the process', {
    timeout: 60_000,
  }, async () => {
    for (let round = 0; round < 30; round++) {
      const { ran } = await runTakenOver(`send('[' + ' '.repeat(16 * 1024 * 1024) + ']')`)
      expect(ran.outcome.kind).toBe('crashed')
    }
  })

  test('the first outcome stands; a later one changes nothing', async () => {
    const { ran, calls, stats } = await runTakenOver(
      `send('[{"type":"done","result":1},{"type":"done","result":2},{"type":"call","id":1,"op":"a","args":{}},{"type":"call","id":2,"op":"b","args":{}}]')`,
    )
    expect(ran.outcome).toEqual({ kind: 'completed', result: 1 })
    expect(calls).toEqual(['a', 'b'])
    expect(stats).toMatchObject({ idleCount: 1, recycledCount: {} })
  })

  test('turns that never were and invocations nobody asked for change nothing', async () => {
    const { ran, stats } = await runTakenOver(
      `send('[{"type":"turned"},{"type":"turned"},{"type":"unstarted","count":7},{"type":"done","result":1,"over":true},{"type":"done","result":2,"over":true}]')`,
    )
    expect(ran.outcome).toEqual({ kind: 'completed', result: 1 })
    expect(stats).toMatchObject({ idleCount: 1, recycledCount: {} })
  })

  test('one that answers nothing ends at the deadline', async () => {
    const { ran } = await runTakenOver('return new Promise(() => {})', 200)
    expect(ran.outcome).toEqual({ kind: 'deadline', waitedMs: {} })
  })
})

describe('a program that does not load', () => {
  test.each([
    [
      'throws before it starts',
      `throw new Error('no program')`,
      { kind: 'unloadable', failure: { message: 'The program did not start.' } },
    ],
    [
      'throws as it starts',
      '__cloudletStart({ entry: "/var/user/index.js", modules: null })',
      { kind: 'unloadable', failure: { name: 'TypeError' } },
    ],
    ['does not fit', 'const kept = []; for (;;) kept.push({ a: kept.length })', { kind: 'memory' }],
  ])('one that %s fails its job and ends its isolate', async (_, source, outcome) => {
    const { ran, stats } = await runProgram(source, 5000)
    expect(ran.outcome).toMatchObject(outcome)
    expect(stats).toMatchObject({ idleCount: 0, recycledCount: { [outcome.kind]: 1 } })
  })
})
