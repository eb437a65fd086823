import type { ToHost } from '../protocol/bridge.ts'
import { JSONStringify, PromiseCtor, PromiseThen, ReflectApply } from './intrinsics.ts'

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

/** Queues one message; everything queued in one turn crosses together. */
export function post(message: ToHost): void {
  postText(JSONStringify(message) as string)
}

/** As `post`, for a message whose text is made already (a result is serialised once, not twice). */
export function postText(text: string): void {
  pending = pending === '' ? text : `${pending},${text}`
  if (isFlushing) return
  isFlushing = true
  void PromiseThen(settled, flush)
}

/** Puts bytes beside the message about to be posted and returns their index in the crossing. */
export function attach(bytes: ArrayBuffer): number {
  buffers[buffers.length] = bytes
  return buffers.length - 1
}

function flush(): void {
  isFlushing = false
  const text = `[${pending}]`
  const crossing: unknown[] = [text]
  for (let index = 0; index < buffers.length; index++) crossing[index + 1] = buffers[index]
  pending = ''
  buffers = []
  ReflectApply(send as Send, undefined, crossing as [string, ...ArrayBuffer[]])
}
