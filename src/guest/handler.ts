import { LIMITS } from '../limits.ts'
import {
  type FixedIdentity,
  IDENTITY_VARIABLES,
  type IdentityVariable,
  type InvokeMessage,
} from '../protocol/bridge.ts'
import { resetConsole, writeLog } from './console.ts'
import { describeFailure } from './errors.ts'
import { setFixedEnvironment, setIdentity } from './globals.ts'
import {
  ErrorCtor,
  JSONStringify,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseThen,
  ReflectApply,
  TypeErrorCtor,
} from './intrinsics.ts'
import { post, quote } from './outbox.ts'
import { loadEntry } from './require.ts'
import { beginLoading, endLoading, resumeTimers } from './timers.ts'

type Handler = (event: unknown, context: unknown, callback: Callback) => unknown
type Callback = (error?: unknown, value?: unknown) => void

/** One run of the handler: the first of its completions wins, the rest are ignored (wxcloud-spec §1.3). */
interface Run {
  isOver: boolean
  /** What `callback` was given while it waits for the loop to empty. */
  callbackResult: { error: unknown; value: unknown } | undefined
  /** The handler returned something to wait for, so an empty loop says nothing yet. */
  awaitsThenable: boolean
  waitsForEmptyLoop: boolean
}

let handler: Handler | undefined
let current: Run | undefined
let fixedContext: FixedIdentity['context'] = {}

/** Loads the function if this instance hasn't yet, then runs its handler for one event. */
export function invoke(message: InvokeMessage): void {
  const run: Run = {
    isOver: false,
    callbackResult: undefined,
    awaitsThenable: false,
    waitsForEmptyLoop: true,
  }
  current = run
  resetConsole()
  if (message.fixed !== undefined) {
    fixedContext = message.fixed.context
    setFixedEnvironment(message.fixed.environment)
  }
  setIdentity(message.variables)
  resumeTimers()
  if (handler === undefined && !load(run)) return
  const callback = makeCallback(run)
  const context = makeContext(run, message)
  let returned: unknown
  try {
    returned = (handler as Handler)(message.event, context, callback)
  } catch (error) {
    fail(run, error)
    return
  }
  settleReturned(run, returned)
}

/** The loop is empty: a stored callback result is due, or nothing will ever come and the result is null. */
export function completeDrained(): void {
  const run = current
  if (run === undefined || run.isOver) return
  if (run.callbackResult !== undefined) settleCallback(run, run.callbackResult)
  else if (!run.awaitsThenable) complete(run, null)
}

/** An exception outside the handler's own call: in a timer, a microtask or a listener. */
export function failUncaught(error: unknown): void {
  const run = current
  if (run !== undefined && !run.isOver) fail(run, error)
  else
    writeLog('error', `Uncaught exception after the function had answered: ${describeFailure(error).stack}`)
}

function load(run: Run): boolean {
  beginLoading()
  try {
    const exported = loadEntry() as { main?: unknown } | null | undefined
    const main = exported?.main
    if (typeof main !== 'function') {
      throw new TypeErrorCtor(
        `exports.main is ${main === undefined ? 'missing' : `a ${typeof main}`}, but it must be the function to call: exports.main = async (event, context) => { … }`,
      )
    }
    handler = main as Handler
    return true
  } catch (error) {
    run.isOver = true
    post(`{"type":"unloadable","failure":${writeFailure(error)}}`)
    return false
  } finally {
    endLoading()
    resumeTimers()
  }
}

function settleReturned(run: Run, returned: unknown): void {
  const then = thenOf(run, returned)
  if (run.isOver) return
  if (typeof then === 'function') {
    run.awaitsThenable = true
    void PromiseThen(
      new PromiseCtor<unknown>((resolve, reject) => ReflectApply(then, returned, [resolve, reject])),
      value => settleThenable(run, value),
      error => (run.callbackResult === undefined ? fail(run, error) : settleThenable(run, undefined)),
    )
  } else if (returned !== undefined && run.callbackResult === undefined) {
    complete(run, returned)
  }
}

/** A callback that came before the promise settled is the first completion, and the promise its end. */
function settleThenable(run: Run, value: unknown): void {
  if (run.callbackResult === undefined) complete(run, value)
  else settleCallback(run, run.callbackResult)
}

function thenOf(run: Run, returned: unknown): unknown {
  if ((typeof returned !== 'object' && typeof returned !== 'function') || returned === null) return undefined
  try {
    // A promise of V8's own is waited for with V8's own `then`, whatever the prototype has become.
    return returned instanceof PromiseCtor ? PromisePrototypeThen : (returned as { then?: unknown }).then
  } catch (error) {
    fail(run, error)
    return undefined
  }
}

function makeCallback(run: Run): Callback {
  return (error, value) => {
    if (run.isOver || run.callbackResult !== undefined) return
    const result = { error, value }
    if (run.waitsForEmptyLoop) run.callbackResult = result
    else settleCallback(run, result)
  }
}

function settleCallback(run: Run, result: { error: unknown; value: unknown }): void {
  if (result.error === null || result.error === undefined) complete(run, result.value)
  else fail(run, result.error)
}

function makeContext(run: Run, { requestId, variables }: InvokeMessage): Record<string, unknown> {
  const fields = { ...fixedContext, request_id: requestId, environ: writeEnviron(variables) }
  return {
    get callbackWaitsForEmptyEventLoop() {
      return run.waitsForEmptyLoop
    },
    set callbackWaitsForEmptyEventLoop(value: unknown) {
      run.waitsForEmptyLoop = Boolean(value)
      if (!run.waitsForEmptyLoop && run.callbackResult !== undefined) settleCallback(run, run.callbackResult)
    },
    getContext: () => fields,
    done: (error?: unknown, value?: unknown) => settleCallback(run, { error, value }),
    succeed: (value?: unknown) => complete(run, value),
    fail: (error?: unknown) => fail(run, error ?? new ErrorCtor('context.fail was called without an error')),
    ...fields,
  }
}

/** `K=V;K=V`, as the platform gives its variables in `context.environ`. */
function writeEnviron(variables: InvokeMessage['variables']): string {
  let environ = ''
  for (let index = 0; index < IDENTITY_VARIABLES.length; index++) {
    const key = IDENTITY_VARIABLES[index] as IdentityVariable
    const value = variables[key]
    if (value !== undefined) environ += environ === '' ? `${key}=${value}` : `;${key}=${value}`
  }
  return environ
}

function complete(run: Run, value: unknown): void {
  if (run.isOver) return
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
  run.isOver = true
  post(`{"type":"done","result":${text ?? 'null'},"freezesTimers":${run.awaitsThenable}}`)
}

function refuseResult(run: Run, message: string): void {
  run.isOver = true
  post(`{"type":"unsendable","path":"result","message":${quote(message)}}`)
}

function fail(run: Run, error: unknown): void {
  if (run.isOver) return
  run.isOver = true
  post(`{"type":"threw","failure":${writeFailure(error)},"freezesTimers":${run.awaitsThenable}}`)
}

function writeFailure(error: unknown): string {
  const { name, message, stack, fieldsText } = describeFailure(error)
  return `{"name":${quote(name)},"message":${quote(message)},"stack":${quote(stack)},"fields":${fieldsText}}`
}
