import { NODE_GLOBALS, type NodeGlobal } from '../protocol/node-modules.ts'
import { defineBuiltin } from './builtins.ts'
import { makeConsole, writeLog } from './console.ts'
import { installStackTraces } from './errors.ts'
import { installGuards } from './guards.ts'
import { defineValue, ObjectDefineProperty } from './intrinsics.ts'
import { installNode, loadNode, refuseCallback } from './node.ts'
import { makeOutputs } from './output.ts'
import { completeProcess, processObject } from './process.ts'
import { installTimers } from './timers.ts'

/** Puts on the global object what guest code expects of Node, in this order. */
export function installGlobals(target: Record<string, unknown>, report: (error: unknown) => void): void {
  const queueMicrotask = makeQueueMicrotask(report)
  installStackTraces()
  installGuards()
  define(target, 'global', target)
  define(target, 'console', makeConsole())
  completeProcess(queueMicrotask, makeOutputs())
  define(target, 'process', processObject)
  define(target, 'queueMicrotask', queueMicrotask)
  installTimers(target)
  defineBuiltin('process', () => target.process)
  defineBuiltin('console', () => target.console)
  installNode(target, report, writeLog)
  for (let index = 0; index < NODE_GLOBALS.length; index++) {
    const name = NODE_GLOBALS[index] as NodeGlobal
    defineLazily(target, name, () => loadNode().global(name))
  }
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  ObjectDefineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** A global made when it is first read; writing it before is as good. */
export function defineLazily(target: Record<string, unknown>, name: string, make: () => unknown): void {
  ObjectDefineProperty(target, name, {
    get: () => {
      const value = make()
      defineValue(target, name, value)
      return value
    },
    set: value => defineValue(target, name, value),
    configurable: true,
    enumerable: false,
  })
}

function makeQueueMicrotask(report: (error: unknown) => void): (callback: unknown) => void {
  const runLater = async (callback: () => unknown): Promise<void> => {
    await undefined
    try {
      callback()
    } catch (error) {
      report(error)
    }
  }
  return callback => {
    if (typeof callback !== 'function') {
      refuseCallback(callback)
    }
    void runLater(callback as () => unknown)
  }
}
