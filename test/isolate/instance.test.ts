import { describe, expect, test } from 'vitest'
import { Clock } from '../../src/isolate/clock.ts'
import type { HostCall } from '../../src/isolate/host-calls.ts'
import { Instance, type RunResult } from '../../src/isolate/instance.ts'
import { SEND } from '../../src/protocol/bridge.ts'

/** Runs a program that speaks to the host directly, as code would that had taken over its runtime. */
async function runTakenOver(
  body: string,
  limitMs = 1000,
): Promise<{ ran: RunResult; calls: string[]; instance: Instance }> {
  const source = `(() => { const send = ${SEND}; return text => { if (text.includes('"invoke"')) { ${body} } } })()`
  const instance = await Instance.create({ source, cachedData: undefined }, 16, {
    clock: new Clock(),
    onWedged: () => {},
  })
  const calls: string[] = []
  const call: HostCall = async op => {
    calls.push(op)
    return { kind: 'reply', valueText: '{}' }
  }
  const ran = await instance.run({
    eventText: '{}',
    requestId: '1',
    fixedText: '{}',
    variablesText: '{}',
    call,
    onLog: () => {},
    limitMs,
    signal: undefined,
  })
  return { ran, calls, instance }
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
      `send(JSON.stringify(Array(8193).fill({ type: 'wait', afterMs: null, holdsLoop: false })))`,
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
    ['a wait beyond what a timer holds', `send('[{"type":"wait","afterMs":1e300,"holdsLoop":true}]')`],
    ['a log of an unknown level', `send('[{"type":"log","level":"root","message":"x","timeMs":1}]')`],
    ['a wait of less than nothing', `send('[{"type":"wait","afterMs":-1,"holdsLoop":true}]')`],
    ['a wait of no number', `send('[{"type":"wait","afterMs":"1","holdsLoop":true}]')`],
  ])('%s ends its isolate as crashed', async (_, body) => {
    const { ran, instance } = await runTakenOver(body)
    expect(ran.outcome.kind).toBe('crashed')
    expect(await ran.disposition).toEqual({ kind: 'recycle', why: 'crashed' })
    expect(instance.isDisposed).toBe(true)
  })

  test('the first outcome stands; a later one changes nothing', async () => {
    const { ran, calls, instance } = await runTakenOver(
      `send('[{"type":"done","result":1,"freezesTimers":true},{"type":"done","result":2,"freezesTimers":true},{"type":"call","id":1,"op":"a","args":{}},{"type":"call","id":2,"op":"b","args":{}}]')`,
    )
    expect(ran.outcome).toEqual({ kind: 'completed', result: 1 })
    expect(calls).toEqual(['a', 'b'])
    expect(await ran.disposition).toEqual({ kind: 'keep' })
    instance.dispose()
  })

  test('a door that throws answers nothing and ends at the deadline', async () => {
    const { ran } = await runTakenOver('throw new Error("x")', 200)
    expect(ran.outcome).toEqual({ kind: 'deadline', waitedMs: {} })
  })
})
