import { expect, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { LIMITS } from '../../src/limits.ts'

const TEXT_CHARS = 100_000

/** Times at which so many calls, made in one turn that goes on for a second, ran, and the time the turn ended. */
async function runInOneTurn(count: number): Promise<{ readonly ranMs: number[]; readonly endMs: number }> {
  await using host = new FunctionHost({ timeoutMs: 30_000 })
  await host.deploy('callee', { files: { 'index.js': 'exports.main = () => Date.now()' } })
  await host.deploy('caller', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async ({ count }) => {
          const calls = []
          const make = more => {
            for (let index = 0; index < more; index++)
              calls.push(cloud.callFunction({ name: 'callee', data: { text: 'x'.repeat(${TEXT_CHARS}) } }))
          }
          make(count)
          // Microtasks belong to the turn: in them the calls cross.
          for (let step = 0; step < 100; step++) await null
          make(1)
          for (let step = 0; step < 100; step++) await null
          for (const untilMs = Date.now() + 1000; Date.now() < untilMs; );
          const endMs = Date.now()
          const ranMs = (await Promise.all(calls)).map(({ result }) => result)
          return { ranMs, endMs }
        }
      `,
    },
  })
  // Once before, so that the one that counts is warm.
  await host.invoke('callee')
  return (await host.invoke('caller', { count })).result as { ranMs: number[]; endMs: number }
}

test('what a turn asks for beyond a measure starts at its end, and all of it', async () => {
  const count = Math.ceil(LIMITS.hostTurnSize / TEXT_CHARS)
  const { ranMs, endMs } = await runInOneTurn(count)
  expect(ranMs).toHaveLength(count + 1)
  expect(Math.min(...ranMs)).toBeGreaterThanOrEqual(endMs)
})

test('what it asks for within the measure does not wait', async () => {
  const { ranMs, endMs } = await runInOneTurn(3)
  expect(ranMs).toHaveLength(4)
  expect(Math.min(...ranMs)).toBeLessThan(endMs)
})

test('what a turn that never ends has asked for beyond a measure never runs', async () => {
  let calleeCount = 0
  await using host = new FunctionHost({
    timeoutMs: 500,
    onInvocation: ({ functionName }) => {
      if (functionName === 'callee') calleeCount++
    },
  })
  await host.deploy('callee', { files: { 'index.js': 'exports.main = () => 0' } })
  await host.deploy('caller', {
    files: {
      'index.js': `
        const cloud = require('wx-server-sdk')
        cloud.init()
        exports.main = async () => {
          for (let index = 0; index < 40; index++)
            cloud.callFunction({ name: 'callee', data: { text: 'x'.repeat(${TEXT_CHARS}) } }).catch(() => {})
          for (let step = 0; step < 100; step++) await null
          for (;;);
        }
      `,
    },
  })
  await expect(host.invoke('caller')).rejects.toMatchObject({ code: 'CLOUDLET_DEADLINE' })
  // Whatever ran was told of before the caller failed.
  expect(calleeCount).toBe(0)
})
