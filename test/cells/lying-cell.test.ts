/** A cell that is taken over speaks for the isolates it has, as the guests in them could: for nobody else. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cells } from '../../src/cells/cells.ts'
import type { HostCall } from '../../src/isolate/host-call.ts'
import type { RunResult } from '../../src/isolate/job.ts'
import { Pool } from '../../src/isolate/pool.ts'
import { prepareSnapshot } from '../../src/isolate/snapshot.ts'
import { LIMITS } from '../../src/limits.ts'
import { until } from './watched-host.ts'

beforeAll(() => prepareSnapshot('plain'))

/** A pool whose isolates are in cells that lie, and what its host was asked for. */
class Deceived {
  readonly warnings: string[] = []
  readonly calls: string[] = []
  readonly cells: Cells
  readonly pool: Pool

  constructor({ memoryMb = 512, instancesPerCell = 10 } = {}) {
    this.cells = new Cells({
      count: 1,
      instancesPerCell,
      memoryMb,
      launcher: [],
      onWarning: message => this.warnings.push(message),
      script: new URL('liar.ts', import.meta.url),
      compileMs: 3000,
    })
    this.pool = new Pool({
      source: this.cells,
      maxInstances: 5,
      budgetBytes: 5e8,
      maxSpares: 2,
      onWedged: () => {},
      onWarning: message => this.warnings.push(message),
    })
  }

  readonly #call: HostCall = async op => {
    this.calls.push(op)
    return { kind: 'reply', valueText: '{}' }
  }

  run(
    name: string,
    source: string,
    limits: { hostCalls?: number; hostCallBytes?: number } = {},
  ): Promise<RunResult> {
    const key = {
      name,
      program: { source },
      memoryMb: 16,
      runtime: 'plain',
      nodeNames: [],
      concurrency: 1,
    } as const
    return this.pool.open(this.#keys.get(name) ?? this.#remember(key)).run({
      admittedMs: performance.now(),
      eventText: '{}',
      requestId: '1',
      fixedText: '{}',
      variablesText: '{}',
      call: this.#call,
      onLog: () => {},
      isIdempotent: false,
      onRestart: () => {},
      limitMs: 2000,
      cpuLimitMs: 2000,
      limits: { logLines: 10, logChars: 1000, timers: 10, hostCalls: 100, hostCallBytes: 1e6, ...limits },
      cancellation: undefined,
      meter: { heapUsedBytes: 0, untakenChars: 0, onTaken: undefined },
      onOver: () => {},
    })
  }

  readonly #keys = new Map<string, Parameters<Pool['open']>[0]>()
  #remember(key: Parameters<Pool['open']>[0]): Parameters<Pool['open']>[0] {
    this.#keys.set(key.name, key)
    return key
  }

  async close(): Promise<void> {
    this.pool.close()
    await this.cells.close()
  }
}

let deceived = new Deceived()
afterEach(async () => {
  await deceived.close()
  deceived = new Deceived()
})

const completed = (result: unknown) => expect.objectContaining({ outcome: { kind: 'completed', result } })

test('one that tells the truth is believed', async () => {
  for (let n = 0; n < 40; n++) expect(await deceived.run('f', '')).toEqual(completed('honest'))
  expect(deceived.warnings).toEqual([])
})

describe('what is said of isolates that do not exist, do not run, or are blank is nobody’s', () => {
  test.each([
    ['an entry that is over', "['left', other, null, false, 1]"],
    ['an entry that failed', "['left', other, ['Error', 'x'], true, 1]"],
    ['an answer', `['sent', other, '[{"type":"done","result":"forged","over":true}]', [], 1]`],
    ['a host call', `['sent', other, '[{"type":"call","id":1,"op":"forged","args":{}}]', [], 1]`],
    ['a rejection', "['rejected', other, ['Error', 'x']]"],
    ['a measure', "['measured', other, 1e300]"],
    ['a spare that is ready', "['filled', other]"],
    ['a task that nobody asked', "['compiled', other, '{}', new Uint8Array(9), null]"],
    ['times of CPU', "['beat', 50e6, [other, 1e300, 1]]"],
    ['that it is ready', "['ready']"],
  ])('%s', async (_, message) => {
    const source = `liar.onEnter = isolate => {
      for (const other of [...liar.isolates, 0, 99, Number.MAX_SAFE_INTEGER]) if (other !== isolate) liar.say(${message})
      liar.answer(isolate, 'honest')
    }`
    // Idle by then.
    expect(await deceived.run('idle', '')).toEqual(completed('honest'))
    for (let n = 0; n < 3; n++) expect(await deceived.run('f', source)).toEqual(completed('honest'))
    expect(await deceived.run('idle', '')).toEqual(completed('honest'))
    expect(deceived.calls).toEqual([])
    expect(deceived.warnings).toEqual([])
    await expect
      .poll(() => deceived.pool.stats())
      .toMatchObject({ busyCount: 0, runningCount: 0, recycledCount: {} })
  })
})

test('an answer for an isolate that runs can be forged by its cell, as by the guest in it', async () => {
  const source = "liar.onEnter = isolate => { liar.answer(isolate, 'first'); liar.answer(isolate, 'second') }"
  expect(await deceived.run('f', source)).toEqual(completed('first'))
  expect(await deceived.run('other', '')).toEqual(completed('honest'))
})

describe('a call has an end whatever is said of its isolate', () => {
  test.each([
    [
      'that it died',
      "liar.say(['died', isolate, 'memory limit'], ['left', isolate, null, true, 1])",
      'memory',
    ],
    ['that it died in its entry', "liar.say(['left', isolate, ['Error', 'reason'], true, 1])", 'crashed'],
    ['that its entry is over, and no more', "liar.say(['left', isolate, null, false, 1])", 'deadline'],
  ])('%s', async (_, lie, kind) => {
    const ran = await deceived.run('f', `liar.onEnter = isolate => ${lie}`)
    expect(ran.outcome.kind).toBe(kind)
    expect(await deceived.run('other', '')).toEqual(completed('honest'))
    expect(deceived.warnings).toEqual([])
  })

  test('nothing: its thread is taken for stuck', async () => {
    expect((await deceived.run('f', 'liar.onEnter = () => {}')).outcome.kind).toBe('deadline')
    await until(() => deceived.warnings.length > 0)
    expect(deceived.warnings[0]).toMatch(/has a thread of function "f" that can't be ended .*strike 1 of 3/)
    expect(await deceived.run('other', '')).toEqual(completed('honest'))
  })
})

describe('host calls', () => {
  const calls = (count: number, size: number): string => `liar.onEnter = isolate => {
    for (let id = 1; id <= ${count}; id++)
      liar.sayAsGuest(isolate, { type: 'call', id, op: 'x', args: { text: 'x'.repeat(${size}) } })
    setTimeout(() => liar.answer(isolate, 'after'), 100)
  }`

  test('are counted', async () => {
    await deceived.run('f', calls(LIMITS.hostCallsInFlight - 1, 1), { hostCalls: 20 })
    expect(deceived.calls).toHaveLength(20)
  })

  test('are measured', async () => {
    await deceived.run('f', calls(50, 100_000), { hostCallBytes: 1_000_000 })
    expect(deceived.calls.length).toBeGreaterThan(5)
    expect(deceived.calls.length).toBeLessThan(11)
  })

  test.each([
    ['no JSON', "'{'"],
    ['no list', "'{}'"],
    ['an unknown message', `'[{"type":"root"}]'`],
    ['a call whose bytes are missing', `'[{"type":"call","id":1,"op":"x","args":{},"buffer":5}]'`],
    ['a call with a window of no memory', `'[{"type":"call","id":1,"op":"x","args":{},"window":0}]'`],
  ])('%s ends the isolate, as it would of a guest', async (_, text) => {
    const source = `liar.onEnter = isolate => liar.say(['sent', isolate, ${text}, [new Uint8Array(3)], 1])`
    expect((await deceived.run('f', source)).outcome.kind).toBe('crashed')
    expect(deceived.calls).toEqual([])
  })
})

describe('frames that are none end the cell, and it is said why', () => {
  test.each([
    ['a message that is none', "liar.say(['root'])", 'a malformed message'],
    ['a field too few', "liar.say(['left', isolate])", 'a malformed message'],
    ['a text that is too long', "liar.say(['died', isolate, 'x'.repeat(5000)])", 'a malformed message'],
    ['no list', 'liar.sayBytes(new Uint8Array([0x05]))', 'no list of messages'],
    ['an extension', 'liar.sayBytes(new Uint8Array([0xd6, 0xff, 0, 0, 0, 0]))', 'malformed at byte'],
    [
      'a list that is longer than the frame',
      'liar.sayBytes(new Uint8Array([0xdd, 255, 255, 255, 255]))',
      'ends too early',
    ],
    ['a depth without end', 'liar.sayBytes(new Uint8Array(100_000).fill(0x91))', 'levels deep'],
    [
      'more values than there can be',
      'liar.sayBytes(new Uint8Array(8_000_000).fill(0xc0).fill(0xdd, 0, 1).fill(0, 1, 2).fill(0x7a, 2, 3).fill(0x11, 3, 4).fill(0xfb, 4, 5))',
      'values',
    ],
  ])('%s', async (_, lie, why) => {
    const source = `liar.onEnter = isolate => { ${lie} }`
    expect((await deceived.run('f', source)).outcome).toMatchObject({
      kind: 'crashed',
      message: expect.stringContaining('broke the protocol'),
    })
    expect(deceived.warnings).toEqual([
      expect.stringMatching(/^Cell \d+ broke the protocol: .*, by function "f" \(strike 1 of 3\)\.$/),
    ])
    expect(deceived.warnings[0]).toContain(why)
    expect(await deceived.run('other', '')).toEqual(completed('honest'))
  })
})

test('what comes after a message that is none is not heard', async () => {
  const source = `liar.onEnter = isolate => {
    liar.say(['root'])
    liar.sayAsGuest(isolate, { type: 'call', id: 1, op: 'late', args: {} })
    liar.answer(isolate, 'late')
  }`
  expect((await deceived.run('f', source)).outcome.kind).toBe('crashed')
  expect(deceived.calls).toEqual([])
})

describe('a cell is replaced that', () => {
  test('says it has more memory than it may, while nothing runs in it', async () => {
    const source = `liar.onEnter = isolate => {
      liar.answer(isolate, 'honest')
      setTimeout(() => liar.say(['beat', 1e12, []]), 100)
    }`
    expect(await deceived.run('f', source)).toEqual(completed('honest'))
    await until(() => deceived.warnings.some(text => /used \d+ MB, more than cells\.memoryMb/.test(text)))
    expect(deceived.warnings).toHaveLength(1)
    expect(deceived.warnings[0]).not.toContain('"f"')
    expect(await deceived.run('other', '')).toEqual(completed('honest'))
  })

  test('closes its channel', async () => {
    const source =
      'liar.onEnter = () => { for (let fd = 3; fd < 30; fd++) try { process.getBuiltinModule("fs").closeSync(fd) } catch {} }'
    expect((await deceived.run('f', source)).outcome.kind).toMatch(/crashed|deadline/)
    await until(() => deceived.warnings.some(text => /closed its channel|ended with/.test(text)))
    expect(await deceived.run('other', '')).toEqual(completed('honest'))
  })
})

describe('compilers', () => {
  const ask = (lie: string) =>
    deceived.cells
      .openCompiler('plain')
      .findSyntaxProblem('/index.js', `liar.onCompile = task => { ${lie} }`, {
        parameters: [],
        isAsync: false,
      })

  test('say where something is wrong, in the file they were given', async () => {
    const lie =
      'liar.say(["compiled", task, JSON.stringify({ message: "m", file: "/etc/passwd", line: 3, column: 1.5, extra: 1 }), null, null])'
    expect(await ask(lie)).toEqual({ message: 'm', file: '/index.js', line: 3 })
  })

  test.each([
    ['no JSON', '"{"', 'broke the protocol'],
    ['too much', `"x".repeat(${LIMITS.failureFieldsChars + 1})`, 'broke the protocol'],
  ])('that answer %s end with their cell', async (_, answer, why) => {
    await expect(ask(`liar.say(["compiled", task, ${answer}, null, null])`)).rejects.toMatchObject({
      code: 'CLOUDLET_ISOLATE_CRASHED',
      message: expect.stringContaining(why),
    })
    await until(() => deceived.warnings.some(text => text.includes('broke the protocol')))
  })

  test.each([
    ['null', 'null'],
    ['objects in the place of texts', '{"message":{"toString":1,"valueOf":1},"line":{}}'],
  ])('that answer %s say that something is wrong', async (_, answer) => {
    const lie = `liar.say(["compiled", task, ${JSON.stringify(answer)}, null, null])`
    expect(await ask(lie)).toEqual({ message: expect.any(String), file: '/index.js' })
  })

  test('that never answer fail in time', async () => {
    await expect(ask('')).rejects.toMatchObject({
      code: 'CLOUDLET_ISOLATE_CRASHED',
      message: 'the process that was to parse it took more than 3000 ms to parse a function',
    })
  })
})
