import type { NodeEnvironment } from '../node/environment.ts'
import type { NodeLayer } from '../node/node.ts'
import { NODE_MODULES, type NodeGlobal } from '../protocol/node-modules.ts'
import { askHost } from './ask.ts'
import { defineBuiltin } from './builtins.ts'
import { callHost, callInBackground } from './call.ts'
import { processStartMs } from './clock.ts'
import { ArrayIncludes, ErrorCtor, StringCtor } from './intrinsics.ts'
import { loadNodePackage, nodeLibrary } from './lazy.ts'
import { memoryBytes, processObject } from './process.ts'
import { readWrittenWith } from './written-module.ts'

let globals: Record<string, unknown> = {}
let report: (error: unknown) => void = () => {}
let log: NodeEnvironment['log'] = () => {}
let layer: NodeLayer | undefined
/** What is to be done when the function's process begins. */
const starts: (() => void)[] = []
let hasStarted = false
/** What has to be given up when an invocation is over, and what the next one has to be told first. */
const endings: (() => void)[] = []
const beginnings: (() => void)[] = []
/** Handles that wait for something and, as in Node, keep the loop going. */
let holdCount = 0

/** Offers Node's modules and globals; the layer itself is made when one of them is first used. */
export function installNode(
  target: Record<string, unknown>,
  onError: (error: unknown) => void,
  writeLog: NodeEnvironment['log'],
): void {
  globals = target
  report = onError
  log = writeLog
  processObject.binding = bindingOf
  for (let index = 0; index < NODE_MODULES.length; index++) {
    const name = NODE_MODULES[index] as string
    defineBuiltin(name, () => loadNode().require(name))
  }
}

/** `process.binding`: of Node's native parts, the sizes that packages look up there. */
function bindingOf(name: unknown): object {
  if (name !== 'buffer') throw new ErrorCtor(`No such module: ${StringCtor(name)}`)
  const { constants } = loadNode().require('buffer') as { constants: Record<string, number> }
  return { kMaxLength: constants.MAX_LENGTH, kStringMaxLength: constants.MAX_STRING_LENGTH }
}

/** Node's own library over what the host offers. */
export function loadNode(): NodeLayer {
  if (layer !== undefined) return layer
  const made = loadNodePackage().createNode({
    library: nodeLibrary,
    globals,
    process: processObject,
    startMs: processStartMs,
    callHost,
    callInBackground,
    memoryBytes,
    askHost,
    setTimeout: globals.setTimeout as never,
    queueMicrotask: globals.queueMicrotask as never,
    report,
    log,
    onProcessStart: callback => {
      if (hasStarted) callback()
      else starts[starts.length] = callback
    },
    onInvocationEnd: callback => {
      endings[endings.length] = callback
    },
    onInvocationStart: callback => {
      beginnings[beginnings.length] = callback
    },
    holdLoop: change => {
      holdCount += change
    },
  })
  layer = made
  readWrittenWith(made.writtenText)
  return made
}

/** Whether the loop of an invocation that answers by `callback` is kept from being empty. */
export function nodeHoldsLoop(): boolean {
  return holdCount > 0
}

/** Evaluates what a function will ask for. What can't be fails again when it is asked for, and says why. */
export function preloadNode(names: readonly string[]): void {
  for (let index = 0; index < names.length; index++) {
    try {
      evaluate(names[index] as string)
    } catch {}
  }
}

/** Evaluates what a snapshot is to hold. */
export function evaluateNode(names: readonly string[]): void {
  for (let index = 0; index < names.length; index++) evaluate(names[index] as string)
}

/** A module or a global of Node's. */
function evaluate(name: string): void {
  const node = loadNode()
  if (ArrayIncludes(NODE_MODULES, name)) node.require(name)
  else node.global(name as NodeGlobal)
}

/** The function's process begins: what was evaluated before, maybe into a snapshot, is told. */
export function beginNode(): void {
  hasStarted = true
  runAll(starts)
}

/** The invocation is over: what Node's modules hold open for it is let go. */
export function endNode(): void {
  runAll(endings)
  holdCount = 0
}

/** Another invocation begins. */
export function startNode(): void {
  runAll(beginnings)
}

function runAll(callbacks: readonly (() => void)[]): void {
  for (let index = 0; index < callbacks.length; index++) {
    try {
      ;(callbacks[index] as () => void)()
    } catch (error) {
      report(error)
    }
  }
}

interface BufferConstructor {
  from(text: string, encoding: 'utf8'): Uint8Array
  from(buffer: ArrayBuffer, offset: number, length: number): Uint8Array
}

export function loadBuffer(): BufferConstructor {
  return (loadNode().require('buffer') as { Buffer: BufferConstructor }).Buffer
}

interface Inspect {
  format(...args: unknown[]): string
  inspect(value: unknown, options?: unknown): string
}

export function loadInspect(): Inspect {
  return loadNode().require('internal/util/inspect') as Inspect
}

/** Throws Node's error for a callback that is no function. */
export function refuseCallback(value: unknown): never {
  const { validateFunction } = loadNode().require('internal/validators') as Validators
  throw validateFunction(value, 'callback')
}

interface Validators {
  /** Throws. */
  validateFunction(value: unknown, name: string): unknown
}
