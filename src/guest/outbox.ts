import { LIMITS } from '../limits.ts'
import { pieceChars } from '../protocol/text-pieces.ts'
import type { LogLevel } from '../types.ts'
import { defineValue, JSONStringify, ReflectApply, StringSlice } from './intrinsics.ts'
import { leaveLetter, noteCallback } from './mailbox.ts'

/** The one door out: an isolated-vm callback that takes byte buffers and the pieces of a JSON text. */
export type Send = (first: string, ...rest: (ArrayBuffer | SharedArrayBuffer | string)[]) => void

/**
 * Microtasks the outbox lets pass before it sends: what the promises of one turn set going one after the other
 * crosses together, and un-awaited work of a few steps gets its calls out before the invocation is over.
 */
const HOPS = 4

let send: Send | undefined
let pending = ''
/** An answer whose end is still open: that nothing else is left of its invocation can be said in it. */
let answer = ''
/** The same, of an answer that is a result. */
let result: string | undefined
/** Results of invocations of which nothing is left: one message says them all. */
let results = ''
let buffers: (ArrayBuffer | SharedArrayBuffer)[] = []
let isSendDue = false
/** The host has not been told of the end of the turn. */
let isTurnOpen = false
let isOpen = false
let isHolding = false
let beforeSending = (): boolean => true

/** `mayClose` runs when a turn's messages are about to cross; false holds them back for the next turn's. */
export function connect(callback: Send, mayClose: () => boolean): void {
  send = callback
  beforeSending = mayClose
}

/** Whether an invocation is under way, in whose name guest code logs and calls. */
export function setOpen(open: boolean): void {
  isOpen = open
}

export function isInvoking(): boolean {
  return isOpen
}

/**
 * Queues one message of protocol/bridge.ts; everything queued in one turn crosses together.
 *
 * Messages are put together from text: an object given to JSON.stringify would be at the mercy of a `toJSON` that
 * user code puts on Object.prototype. `quote` is safe, since a string never asks for one.
 */
export function post(text: string): void {
  postHeld(text)
  sendSoon()
}

/** Queues a message that can wait for the invocations that are about to start, if any are. */
export function postHeld(text: string): void {
  flushAnswer('}')
  append(text)
}

/** Sends one message at once, in the middle of the turn, behind what is queued. */
export function postNow(text: string): void {
  postHeld(text)
  sendNow()
}

/** Queues the answer of the invocation under way: a message but for its closing brace. It can wait as well. */
export function postAnswer(opening: string): void {
  flushAnswer('}')
  answer = opening
  if (!isHolding) sendSoon()
}

/** The same, of one that is a result. */
export function postResult(text: string): void {
  flushAnswer('}')
  result = text
  if (!isHolding) sendSoon()
}

/** Says that nothing is left of the invocation: with its answer, if nothing was said since. */
export function postOver(): void {
  if (result !== undefined) {
    results = results === '' ? result : `${results},${result}`
    result = undefined
    if (results.length > LIMITS.valueChars) flushResults()
    else if (!isHolding) sendSoon()
  } else if (answer === '') append('{"type":"over"}')
  else flushAnswer(',"over":true}')
}

function flushAnswer(ending: string): void {
  const opening = result === undefined ? answer : `{"type":"done","result":${result}`
  if (opening === '') return
  answer = ''
  result = undefined
  append(opening + ending)
}

function flushResults(ending = ''): void {
  if (results === '') return
  const text = `{"type":"results","results":[${results}]${ending}}`
  results = ''
  add(text)
}

/** The turn is over: mostly all there is to say of it is results. */
function postTurned(): void {
  flushAnswer('}')
  if (results === '') add('{"type":"turned"}')
  else flushResults(',"turned":true')
}

/** What was said before it comes first. */
function append(text: string): void {
  flushResults()
  add(text)
}

function add(text: string): void {
  pending = pending === '' ? text : `${pending},${text}`
  if (pending.length > LIMITS.valueChars) sendNow()
  else if (!isHolding) sendSoon()
}

/** While others wait behind the invocation under way, its answer crosses with theirs. */
export function setHolding(holding: boolean): void {
  isHolding = holding
}

/** A turn has begun: what it leaves to say crosses at its end, and that it ended, unless others wait behind it. */
export function beginTurn(): void {
  if (isHolding) return
  isTurnOpen = true
  sendSoon()
}

/** Sends at the end of the turn, whether or not anything is posted till then. */
export function sendSoon(): void {
  if (isSendDue) return
  isSendDue = true
  void sendLater()
}

export function quote(text: string): string {
  return JSONStringify(text) as string
}

/** A line written when no invocation is under way belongs to no log. */
export function postLog(level: LogLevel, message: string, timeMs: number): void {
  if (isOpen) postHeld(`{"type":"log","level":"${level}","message":${quote(message)},"timeMs":${timeMs}}`)
}

/** Puts bytes beside the message about to be posted and returns their index in the crossing. */
export function attach(bytes: ArrayBuffer | SharedArrayBuffer): number {
  const index = buffers.length
  defineValue(buffers, index, bytes)
  return index
}

/** `await` of no promise makes one of V8's own, whatever user code has done to `Promise`. */
async function sendLater(): Promise<void> {
  for (let hop = 0; hop < HOPS; hop++) await undefined
  const maySend = beforeSending()
  isSendDue = false
  if (!maySend) return
  if (isTurnOpen) postTurned()
  isTurnOpen = false
  sendNow()
}

function sendNow(): void {
  flushAnswer('}')
  flushResults()
  if (pending === '') return
  const text = `[${pending}]`
  if (buffers.length === 0 && leaveLetter(text)) {
    pending = ''
    return
  }
  const size = pieceChars(text)
  const crossing: unknown[] = [StringSlice(text, 0, size)]
  for (let index = 0; index < buffers.length; index++) defineValue(crossing, index + 1, buffers[index])
  for (let start = size; start < text.length; start += size)
    defineValue(crossing, crossing.length, StringSlice(text, start, start + size))
  pending = ''
  buffers = []
  noteCallback()
  ReflectApply(send as Send, undefined, crossing as Parameters<Send>)
}
