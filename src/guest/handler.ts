import { LIMITS } from '../limits.ts'
import type { CallerVariables, FixedIdentity, InvokeMessage } from '../protocol/bridge.ts'
import { waitForEver } from './ask.ts'
import { dropBackground, hasCallsWaiting } from './call.ts'
import { resetConsole, setLogLimits, writeLog } from './console.ts'
import { makeContext, setFixedContext } from './context.ts'
import { describeFailure } from './errors.ts'
import {
  ErrorCtor,
  JSONStringify,
  ObjectAssign,
  ObjectHasOwn,
  PromiseCtor,
  ReflectApply,
} from './intrinsics.ts'
import { type Callback, type Handler, loadHandler } from './load-handler.ts'
import { endNode, nodeHoldsLoop, startNode } from './node.ts'
import { post, postAnswer, postNow, postOver, postResult, quote, setOpen } from './outbox.ts'
import { processObject, setFixedIdentity, setIdentity } from './process.ts'
import { makeRun, type Run } from './run.ts'
import { dropTimers, resumeTimers, setTimerLimit, timersHoldLoop } from './timers.ts'

let handler: Handler | undefined
/** The invocation under way, until nothing of it is left. */
let current: Run | undefined
/** Who asks for the invocation under way, and for those after it that don't say. */
let callerVariables: CallerVariables = {}

/** Says what only the end of a turn shows: that the answer of `callback` is due, or that nothing is left to wait for. */
export function concludeTurn(): void {
  const run = current
  if (run === undefined) return
  settleWaitingCallback(run)
  if (!run.isAnswered && !run.awaitsThenable && isLoopEmpty(run)) post('{"type":"idle"}')
}

/** Nothing is left of the last invocation that started. */
export function isOver(): boolean {
  return current === undefined || (current.isAnswered && isLoopEmpty(current))
}

/** Ends the invocation under way if nothing is left of it. False if something is. */
export function closeIfOver(): boolean {
  if (current === undefined) return true
  if (!isOver()) return false
  current = undefined
  setOpen(false)
  dropTimers()
  dropBackground()
  endNode()
  postOver()
  return true
}

/**
 * Only `callback` goes with an invocation that works on after its answer (wxcloud-spec §1.3): its timers keep it
 * going. Any other answer leaves them behind.
 */
function isLoopEmpty(run: Run): boolean {
  if (hasCallsWaiting()) return false
  return (run.isAnswered && run.callbackResult === undefined) || !(timersHoldLoop() || nodeHoldsLoop())
}

/** Loads the function if this instance hasn't yet, then runs its handler. */
export function start(message: InvokeMessage): void {
  const run = makeRun()
  current = run
  setOpen(true)
  resetConsole()
  // Its own fields only: what a prototype holds by these names is not the host's word.
  if (ObjectHasOwn(message, 'fixed')) setFixed(message.fixed as FixedIdentity)
  if (ObjectHasOwn(message, 'variables')) callerVariables = message.variables as CallerVariables
  const environ = setIdentity(callerVariables, message.requestId)
  dropTimers()
  resumeTimers()
  startNode()
  if (handler === undefined) {
    const loading = load(run)
    if (loading !== true) {
      if (loading !== false) void startLoaded(run, loading, message, environ)
      return
    }
  }
  callHandler(run, message, environ)
}

/** A module that waits at its top level: the invocation that loads it waits with it. */
async function startLoaded(
  run: Run,
  loading: Promise<Handler>,
  message: InvokeMessage,
  environ: string,
): Promise<void> {
  run.awaitsThenable = true
  try {
    handler = await loading
  } catch (error) {
    failLoading(run, error)
    return
  }
  run.awaitsThenable = false
  if (!run.isAnswered) callHandler(run, message, environ)
}

function callHandler(run: Run, message: InvokeMessage, environ: string): void {
  const context = makeContext(message.requestId, environ, {
    done: (error, value) => settleCallback(run, { error, value }),
    succeed: value => complete(run, value),
    fail: error => fail(run, error ?? new ErrorCtor('context.fail was called without an error')),
  })
  run.context = context
  let returned: unknown
  try {
    returned = (handler as Handler)(message.event, context, makeCallback(run))
  } catch (error) {
    fail(run, error)
    return
  }
  settleReturned(run, returned)
}

function setFixed({ context, limits, ...identity }: FixedIdentity): void {
  setFixedContext(context)
  setLogLimits(limits)
  setTimerLimit(limits.timers)
  setFixedIdentity({ context, ...identity })
}

/** Every microtask has run: if nothing else will ever come, the result is null. */
export function completeDrained(): void {
  const run = current
  if (run === undefined) return
  settleWaitingCallback(run)
  if (!run.isAnswered && !run.awaitsThenable && isLoopEmpty(run)) complete(run, null)
}

/** What `callback` was given is the answer when the loop is empty, or the function no longer waits for that. */
function settleWaitingCallback(run: Run): void {
  if (run.isAnswered || run.callbackResult === undefined) return
  if (isLoopEmpty(run) || !waitsForEmptyLoop(run)) settleCallback(run, run.callbackResult)
}

/** Also asked at the end of a turn, where nobody would catch what an accessor of the function's throws. */
function waitsForEmptyLoop({ context }: Run): boolean {
  try {
    return Boolean(context?.callbackWaitsForEmptyEventLoop)
  } catch {
    return true
  }
}

/** An exception outside the handler's own call: in a timer, a microtask or a listener. */
export function failUncaught(error: unknown): void {
  const run = current
  if (run !== undefined && !run.isAnswered) fail(run, error)
  else
    writeLog('error', `Uncaught exception after the function had answered: ${describeFailure(error).stack}`)
}

/** `process.exit`: nothing of the function runs any further. An answer given by `callback` stands. */
export function exitProcess(code: unknown): never {
  const run = current
  if (run?.callbackResult !== undefined) settleCallback(run, run.callbackResult)
  const exitCode = code ?? processObject.exitCode ?? 0
  if (run !== undefined && !run.isAnswered) {
    const error = new ErrorCtor(
      `process.exit(${exitCode}) was called: the process exited before the invocation was complete.`,
    )
    fail(run, ObjectAssign(error, { exitCode }))
  }
  postNow('{"type":"exit"}')
  return waitForEver()
}

/** False when that failed; a promise when the files wait. */
function load(run: Run): Promise<Handler> | boolean {
  try {
    const loaded = loadHandler()
    if (loaded instanceof PromiseCtor) return loaded as Promise<Handler>
    handler = loaded as Handler
    return true
  } catch (error) {
    failLoading(run, error)
    return false
  }
}

function failLoading(run: Run, error: unknown): void {
  if (run.isAnswered) return
  run.isAnswered = true
  post(`{"type":"unloadable","failure":${writeFailure(error)}}`)
}

function settleReturned(run: Run, returned: unknown): void {
  if (returned instanceof PromiseCtor) {
    run.awaitsThenable = true
    void settlePromise(run, returned)
    return
  }
  const then = thenOf(run, returned)
  if (run.isAnswered) return
  if (typeof then === 'function') {
    run.awaitsThenable = true
    void settlePromise(
      run,
      new PromiseCtor<unknown>((resolve, reject) => ReflectApply(then, returned, [resolve, reject])),
    )
  } else if (returned !== undefined && run.callbackResult === undefined) {
    complete(run, returned)
  }
}

/** `await` waits with V8's own `then`, whatever the prototype has become, and costs less than calling it. */
async function settlePromise(run: Run, promise: Promise<unknown>): Promise<void> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (run.callbackResult === undefined) fail(run, error)
    else settleCallback(run, run.callbackResult)
    return
  }
  settleThenable(run, value)
}

/** A callback that came before the promise settled is the first completion, and the promise its end. */
function settleThenable(run: Run, value: unknown): void {
  if (run.callbackResult === undefined) complete(run, value)
  else settleCallback(run, run.callbackResult)
}

function thenOf(run: Run, returned: unknown): unknown {
  if ((typeof returned !== 'object' && typeof returned !== 'function') || returned === null) return undefined
  try {
    return (returned as { then?: unknown }).then
  } catch (error) {
    fail(run, error)
    return undefined
  }
}

function makeCallback(run: Run): Callback {
  return (error, value) => {
    if (run.isAnswered || run.callbackResult !== undefined) return
    const result = { error, value }
    run.callbackResult = result
    if (!waitsForEmptyLoop(run)) settleCallback(run, result)
  }
}

function settleCallback(run: Run, result: { error: unknown; value: unknown }): void {
  if (result.error === null || result.error === undefined) complete(run, result.value)
  else fail(run, result.error)
}

function complete(run: Run, value: unknown): void {
  if (run.isAnswered) return
  let text: string | undefined
  try {
    text = JSONStringify(value)
  } catch (error) {
    // A toJSON or getter of the user's own that throws reads as any other failure to make JSON.
    refuseResult(run, `stringify response to json failed: ${describeFailure(error).message}`)
    return
  }
  if (text !== undefined && text.length > LIMITS.valueChars) {
    refuseResult(run, `body size is too long: ${text.length} characters, the limit is ${LIMITS.valueChars}`)
    return
  }
  run.isAnswered = true
  postResult(text ?? 'null')
}

function refuseResult(run: Run, message: string): void {
  run.isAnswered = true
  postAnswer(`{"type":"unsendable","path":"result","message":${quote(message)}`)
}

function fail(run: Run, error: unknown): void {
  if (run.isAnswered) return
  run.isAnswered = true
  postAnswer(`{"type":"threw","failure":${writeFailure(error)}`)
}

function writeFailure(error: unknown): string {
  const { name, message, stack, fieldsText } = describeFailure(error)
  return `{"name":${quote(name)},"message":${quote(message)},"stack":${quote(stack)},"fields":${fieldsText}}`
}
