import { setFlagsFromString } from 'node:v8'
import ivm from 'isolated-vm'
import { describe, expect, test } from 'vitest'

/** What native-notes/ says of plain isolated-vm and what our code is built on. A new version that changes it fails here. */

async function makeEcho(memoryLimit: number): Promise<{
  isolate: ivm.Isolate
  enter: (text: string) => Promise<void>
  onMessage: (listener: (text: string) => void) => void
}> {
  const isolate = new ivm.Isolate({ memoryLimit })
  const context = await isolate.createContext()
  let listener = (_: string): void => {}
  const callback = new ivm.Callback((text: string) => listener(text), { ignored: true })
  const door = (await context.evalClosure(
    'const send = $0; return text => { const m = JSON.parse(text); Promise.resolve().then(() => send(JSON.stringify(m))) }',
    [callback],
    { result: { reference: true } },
  )) as ivm.Reference<(text: string) => void>
  return {
    isolate,
    enter: text => door.apply(undefined, [text]),
    onMessage: next => {
      listener = next
    },
  }
}

const text = JSON.stringify({ list: Array.from({ length: 100 }, (_, i) => ({ i, text: 'x'.repeat(90) })) })

describe('memory (native-notes/memory.md)', () => {
  test('what entries carried is not freed while more wait: 64 in flight end an innocent isolate', {
    timeout: 60_000,
  }, async () => {
    const { isolate, enter } = await makeEcho(8)
    let calls = 0
    const work = async (): Promise<void> => {
      while (!isolate.isDisposed && calls < 20_000) {
        calls++
        await enter(text).catch(() => {})
      }
    }
    await Promise.all(Array.from({ length: 64 }, work))
    expect(isolate.isDisposed).toBe(true)
  })

  test('one entry at a time, the same calls survive', { timeout: 60_000 }, async () => {
    const { isolate, enter } = await makeEcho(8)
    for (let calls = 0; calls < 5000; calls++) await enter(text)
    expect(isolate.isDisposed).toBe(false)
    isolate.dispose()
  })
})

describe('order (native-notes/isolated-vm.md)', () => {
  test('by the check phase after an entry ended, every callback made in it was delivered', async () => {
    const { isolate, enter, onMessage } = await makeEcho(32)
    let received = 0
    onMessage(() => {
      received++
    })
    for (let calls = 1; calls <= 1000; calls++) {
      await enter('{}')
      await new Promise(resolve => setImmediate(resolve))
      expect(received).toBe(calls)
    }
    isolate.dispose()
  })
})

describe('ending (native-notes/deadlines.md)', () => {
  test.each(['for (;;);', 'Promise.resolve().then(() => { for (;;); })'])('dispose() ends %s', async body => {
    const isolate = new ivm.Isolate({ memoryLimit: 32 })
    const context = await isolate.createContext()
    const spin = (await context.eval(`(() => { ${body} })`, { reference: true })) as ivm.Reference<() => void>
    const entry = spin.apply(undefined, []).then(
      () => 'returned',
      (error: Error) => error.message,
    )
    setTimeout(() => isolate.dispose(), 50)
    expect(await entry).toContain('disposed')
  })

  test('a timeout covers its own entry only: not what a later entry sets going', async () => {
    const isolate = new ivm.Isolate({ memoryLimit: 32 })
    const context = await isolate.createContext()
    const first = (await context.eval(
      'let go; (() => { new Promise(r => { go = r }).then(() => { for (;;); }) })',
      {
        reference: true,
      },
    )) as ivm.Reference<() => void>
    await first.apply(undefined, [], { timeout: 50 })
    const second = (await context.eval('(() => go())', { reference: true })) as ivm.Reference<() => void>
    let isOver = false
    const entry = second.apply(undefined, []).then(
      () => 'returned',
      (error: Error) => error.message,
    )
    void entry.finally(() => {
      isOver = true
    })
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(isOver).toBe(false)
    isolate.dispose()
    expect(await entry).toContain('disposed')
  })
})

describe('microtasks in the middle of an entry (native-notes/isolated-vm.md)', () => {
  /** Without the accessor V8 goes on behind them as if nothing were, and the thread is in the second loop for ever. */
  test('that the isolate is ended in one V8 remembers when an accessor of its own is asked', async () => {
    setFlagsFromString('--allow-natives-syntax')
    const code =
      'globalThis.steps = (function* () { for (;;) { %PerformMicrotaskCheckpoint(); yield } })(); steps.next()'
    const snapshot = ivm.Isolate.createSnapshot([{ code }])
    setFlagsFromString('--no-allow-natives-syntax')
    const isolate = new ivm.Isolate({ memoryLimit: 16, snapshot })
    const context = isolate.createContextSync()
    const shared = new SharedArrayBuffer(4)
    context.global.setSync('shared', new ivm.ExternalCopy(shared).copyInto())
    const ran = context.eval(`const begun = new Int32Array(shared)
      const loop = async () => { Atomics.add(begun, 0, 1); await undefined; for (;;); }
      for (let count = 0; count < 2; count++) { loop(); steps.next(); Reflect.get(loop, 'name') }`)
    setTimeout(() => isolate.dispose(), 100)
    await expect(ran).rejects.toThrow(/disposed/)
    expect(Atomics.load(new Int32Array(shared), 0)).toBe(1)
  })
})

describe('errors (native-notes/isolated-vm.md)', () => {
  test('a rejection nobody handled fails the entry: name and message are copies, own fields are lost', async () => {
    const isolate = new ivm.Isolate({ memoryLimit: 32 })
    const context = await isolate.createContext()
    const lose = (await context.eval(
      '(() => { Promise.reject(Object.assign(new TypeError("lost"), { code: 5 })) })',
      {
        reference: true,
      },
    )) as ivm.Reference<() => void>
    const error = (await lose.apply(undefined, []).catch((caught: unknown) => caught)) as Error & {
      code?: number
    }
    expect([error.name, error.message, error.code]).toEqual(['TypeError', 'lost', undefined])
    isolate.dispose()
  })

  test('a syntax error says where at the end of its message', async () => {
    const isolate = new ivm.Isolate({ memoryLimit: 32 })
    await expect(isolate.compileScript('a\nb c', { filename: 'f.js' })).rejects.toThrow(/ \[f\.js:2:3\]$/)
    isolate.dispose()
  })
})
