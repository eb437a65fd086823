import { LIMITS } from '../limits.ts'
import type { LogLevel } from '../types.ts'
import { defineValue, JSONStringify, PromiseCtor, PromiseThen, ReflectApply } from './intrinsics.ts'

/** The one door out: an isolated-vm callback that takes JSON text and byte buffers. */
export type Send = (text: string, ...buffers: ArrayBuffer[]) => void

let send: Send | undefined
let pending = ''
let buffers: ArrayBuffer[] = []
let isFlushing = false
const settled = new PromiseCtor<void>(resolve => resolve())

export function connect(callback: Send): void {
  send = callback
}

/**
 * Queues one message of protocol/bridge.ts; everything queued in one turn crosses together.
 *
 * Messages are put together from text: an object given to JSON.stringify would be at the mercy of a `toJSON` that
 * user code puts on Object.prototype. `quote` is safe, since a string never asks for one.
 */
export function post(text: string): void {
  pending = pending === '' ? text : `${pending},${text}`
  if (pending.length > LIMITS.valueChars) flush()
  else if (!isFlushing) {
    isFlushing = true
    void PromiseThen(settled, flush)
  }
}

export function quote(text: string): string {
  return JSONStringify(text) as string
}

export function postLog(level: LogLevel, message: string, timeMs: number): void {
  post(`{"type":"log","level":"${level}","message":${quote(message)},"timeMs":${timeMs}}`)
}

/** Puts bytes beside the message about to be posted and returns their index in the crossing. */
export function attach(bytes: ArrayBuffer): number {
  const index = buffers.length
  defineValue(buffers, index, bytes)
  return index
}

function flush(): void {
  isFlushing = false
  if (pending === '') return
  const crossing: unknown[] = [`[${pending}]`]
  for (let index = 0; index < buffers.length; index++) defineValue(crossing, index + 1, buffers[index])
  pending = ''
  buffers = []
  ReflectApply(send as Send, undefined, crossing as [string, ...ArrayBuffer[]])
}
