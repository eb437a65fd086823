import type { InvokeResult } from 'cloudlet'

/** Memory cap of every function measured here, in megabytes: the host's default. */
export const MEMORY_MB = 128
export const EVENT = Object.freeze({ a: 1, b: 2 })

/** Adds two numbers. Each number gives a source of its own, so that no two functions share a cache. */
export function helloSource(number: number): string {
  return `const salt = ${number}; exports.main = async (event, context) => ({ sum: event.a + event.b })`
}

/** The same with what nearly every cloud function starts with. */
export function sdkHelloSource(number: number): string {
  return `const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
${helloSource(number)}`
}

/** @throws {Error} when the answer isn't hello's, or the start wasn't of the kind that is measured. */
export function checkHello({ result, coldStart }: InvokeResult, start: 'cold' | 'warm' | 'either'): void {
  checkSum(result)
  if (start !== 'either' && coldStart !== (start === 'cold')) {
    throw new Error(`This was no ${start} start, so what was measured is something else.`)
  }
}

/** @throws {Error} when the answer isn't hello's. */
export function checkSum(result: unknown): void {
  if (typeof result === 'object' && result !== null && 'sum' in result && result.sum === 3) return
  throw new Error(`Hello answered ${JSON.stringify(result)}.`)
}
