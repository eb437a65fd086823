import type { InvokeResult } from 'cloudlet'

/** Memory cap of every function measured here, in megabytes: the host's default. */
export const MEMORY_MB = 128
export const EVENT = Object.freeze({ a: 1, b: 2 })

/** Adds two numbers. Each number gives a source of its own, so that no two functions share a cache. */
export function helloSource(number: number): string {
  return `const salt = ${number}; exports.main = async (event, context) => ({ sum: event.a + event.b, salt })`
}

/** The same with what nearly every cloud function starts with. */
export function sdkHelloSource(number: number): string {
  return `const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
${helloSource(number)}`
}

/** Hello that uses Buffer. */
export function bufferSource(number: number): string {
  return `const prefix = Buffer.from('salt').toString('hex')
${helloSource(number)}`
}

/** Hello that requires a good part of Node's library, and uses some. */
export function nodeSource(number: number): string {
  return `const crypto = require('crypto')
const https = require('https')
const { PassThrough } = require('stream')
const agent = new https.Agent({ keepAlive: true })
const through = new PassThrough()
${helloSource(number)}`
}

/** Hello behind so many functions, of which loading runs a few: as a function with its packages in one file is. */
export function largeSource(number: number, functionCount: number): string {
  const functions = Array.from(
    { length: functionCount },
    (_, index) => `
function step${index}(input) {
  const list = Array.isArray(input) ? input : [input]
  const kept = list.filter(item => item !== undefined && item !== ${index}).map(item => ({ item, at: ${index} }))
  if (kept.length === 0) throw new Error('Step ${index} of function ${number} has nothing to do.')
  return kept.length > 1 ? kept : kept[0].item
}`,
  )
  return `${functions.join('')}
const loaded = [${Array.from({ length: functionCount }, (_, index) => `step${index}`).join(', ')}]
for (let index = 0; index < loaded.length; index += 10) loaded[index](loaded.length)
${helloSource(number)}`
}

/** Computes Fibonacci's number the slow way. */
export const FIBONACCI_SOURCE = `const fibonacci = n => n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
exports.main = async event => ({ value: fibonacci(event.n) })`

/** Computes until a point in time, in milliseconds since the epoch. */
export const SPIN_SOURCE = `exports.main = async event => {
  let turns = 0
  while (Date.now() < event.untilMs) turns++
  return { turns }
}`

export const ECHO_SOURCE = 'exports.main = async event => event'
const ECHO_ITEM_COUNT = 96

/** An event of about 10 KB as JSON. */
export function makeEchoEvent(): { readonly items: readonly object[] } {
  const items = Array.from({ length: ECHO_ITEM_COUNT }, (_, index) => ({
    id: `message-${index}`,
    text: 'Nice to meet you all, see you on Friday.',
    likes: index * 7,
    isRead: index % 2 === 0,
    tags: ['a', 'b'],
  }))
  return { items }
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
  checkField(result, 'sum', EVENT.a + EVENT.b)
}

/** @throws {Error} when the answer isn't that of the hello of this number. */
export function checkSalt(result: unknown, number: number): void {
  checkSum(result)
  checkField(result, 'salt', number)
}

/** @throws {Error} when it isn't the n-th number. */
export function checkFibonacci(result: unknown, n: number): void {
  checkField(result, 'value', Math.round(((1 + Math.sqrt(5)) / 2) ** n / Math.sqrt(5)))
}

/** @throws {Error} when it isn't what was sent. */
export function checkEcho(result: unknown): void {
  const items = typeof result === 'object' && result !== null && 'items' in result ? result.items : undefined
  if (Array.isArray(items) && items.length === ECHO_ITEM_COUNT) return
  throw new Error('The echo is not what was sent.')
}

/** @throws {Error} when the answer has no such field with this value. */
export function checkField(result: unknown, field: string, expected: unknown): void {
  const isObject = typeof result === 'object' && result !== null
  if (isObject && Reflect.get(result, field) === expected) return
  throw new Error(`The function answered ${JSON.stringify(result)}; ${field} should be ${String(expected)}.`)
}
