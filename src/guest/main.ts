import {
  DOOR,
  type InvokeMessage,
  PLACES,
  PRELOAD_NODE,
  type Program,
  SEND,
  START,
  TO_THE_END,
  type ToGuest,
} from '../protocol/bridge.ts'
import { joinText } from '../protocol/text-pieces.ts'
import { askHost, keepShared } from './ask.ts'
import { defineBuiltin, defineFallback, requireBuiltin } from './builtins.ts'
import { callHost, refuseCall, settleCall } from './call.ts'
import { startClock } from './clock.ts'
import { writeLog } from './console.ts'
import { defineLazily, installGlobals } from './globals.ts'
import { guardWebAssembly } from './guard-web-assembly.ts'
import { completeDrained, exitProcess, failUncaught } from './handler.ts'
import { JSONParse, ObjectAssign } from './intrinsics.ts'
import { keepPackageSources, loadRequest, loadSdk, offerNode, offerPreload } from './lazy.ts'
import { keepPause, linger, openMailbox } from './mailbox.ts'
import { runMicrotasks } from './microtasks.ts'
import { beginNode, evaluateNode, loadBuffer, preloadNode } from './node.ts'
import { beginTurn, connect, type Send } from './outbox.ts'
import { currentEnvironment, processObject } from './process.ts'
import { invoke, mayClose } from './queue.ts'
import { refuseProgram, setProgram } from './require.ts'
import { dropShapes } from './shapes.ts'
import { fireTimers } from './timers.ts'

/**
 * The guest runtime. This file is evaluated once, into the V8 startup snapshot; in each isolate
 * made from it the host takes the door in, and the program script calls `start` once, with the function's code.
 */
const globals = globalThis as unknown as Record<string, unknown>

installGlobals(globals, failUncaught)
processObject.exit = exitProcess
processObject.memoryUsage = makeMemoryUsage()
defineBuiltin('wx-server-sdk', () =>
  loadSdk().createServerCloud({
    call: callHost,
    environment: currentEnvironment,
    warn: message => writeLog('warn', message),
    log: writeLog,
    toBuffer: bytes => loadBuffer().from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength),
    encodeText: text => loadBuffer().from(text, 'utf8'),
  }),
)
defineFallback('request', () => loadRequest(requireBuiltin))
offerPreload(globals)
offerNode(globals, evaluateNode)
globals[START] = start
globals[PRELOAD_NODE] = (names: readonly string[]) => {
  adopt()
  preloadNode(names)
}
const NO_BUFFERS: readonly unknown[] = []
let isAdopted = false
let isConnected = false
globals[DOOR] = dispatch

function start(program: Program): void {
  meetHost()
  try {
    takeOver(program)
  } catch (error) {
    refuseProgram(error)
  }
}

/** Also before a program that failed to start: the host hears of that alone from here. */
function meetHost(): void {
  if (isConnected) return
  isConnected = true
  connect(globals[SEND] as Send, mayClose)
}

function takeOver(program: Program): void {
  adopt()
  startClock()
  beginNode()
  delete globals[PRELOAD_NODE]
  delete globals[SEND]
  delete globals[START]
  delete globals[DOOR]
  const places = globals[PLACES] as string | undefined
  delete globals[PLACES]
  ;(processObject.argv as string[])[1] = program.entry
  setProgram(program, places ?? '')
  dropShapes()
}

/** `process.memoryUsage`: what the host measured last. The function's process is its isolate. */
function makeMemoryUsage(): object {
  const heapUsed = (): number => askHost('memory.usage', {}).heapUsedBytes
  const memoryUsage = (): object => {
    const used = heapUsed()
    return { rss: used, heapTotal: used, heapUsed: used, external: 0, arrayBuffers: 0 }
  }
  return ObjectAssign(memoryUsage, { rss: heapUsed })
}

/** Takes what the host put into the isolate, and V8 didn't into the snapshot. */
function adopt(): void {
  if (isAdopted) return
  isAdopted = true
  keepPackageSources(globals)
  keepShared(globals)
  keepPause()
  const webAssembly = globals.WebAssembly as object | undefined
  // Without a compiler (--jitless) there is none.
  if (webAssembly !== undefined) defineLazily(globals, 'WebAssembly', () => guardWebAssembly(webAssembly))
}

/**
 * The one door in. One crossing carries any number of messages, as the pieces of a text, and the buffers they refer to;
 * with nothing, there is nothing but its end. `entry`: its number if the thread is to wait behind it, or 0; the memory
 * to wait at comes last, the first time. TO_THE_END: the isolate is being ended, and its thread stays until it is.
 */
function dispatch(entry = 0, first?: string, ...rest: (ArrayBuffer | SharedArrayBuffer | string)[]): void {
  if (entry === TO_THE_END) for (;;);
  meetHost()
  if (first === undefined) return
  take(joinText(first, rest), rest)
  if (entry === 0) return
  openMailbox(rest[rest.length - 1] as SharedArrayBuffer)
  for (;;) {
    runMicrotasks()
    const letter = linger(entry)
    if (letter === undefined) return
    take(letter, NO_BUFFERS)
  }
}

/** One crossing. */
function take(text: string, rest: readonly unknown[]): void {
  try {
    const messages = JSONParse(text) as ToGuest[]
    if (messages[0]?.type === 'invoke') invoke(messages as InvokeMessage[])
    else receiveAll(messages as Exclude<ToGuest, InvokeMessage>[], rest)
  } catch (error) {
    // User code broke something the runtime stands on: its invocation fails, and says how.
    failUncaught(error)
  }
  beginTurn()
}

function receiveAll(messages: Exclude<ToGuest, InvokeMessage>[], buffers: readonly unknown[]): void {
  for (let index = 0; index < messages.length; index++) {
    try {
      receive(messages[index] as Exclude<ToGuest, InvokeMessage>, buffers)
    } catch (error) {
      failUncaught(error)
    }
  }
}

function receive(message: Exclude<ToGuest, InvokeMessage>, buffers: readonly unknown[]): void {
  switch (message.type) {
    case 'reply':
      settleCall(
        message.id,
        message.value,
        message.buffer === undefined ? undefined : (buffers[message.buffer] as ArrayBuffer),
      )
      break
    case 'refuse':
      refuseCall(message.id, message.error)
      break
    case 'wake':
      fireTimers(failUncaught)
      break
    case 'drained':
      completeDrained()
      break
    default:
      message satisfies never
  }
}
