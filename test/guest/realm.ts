import { Isolate, type NativeContext } from '../../src/isolate/ivm.ts'
import { prepareSnapshot, runtimeSnapshot } from '../../src/isolate/snapshot.ts'

/** Evaluates an expression in an isolate of its own; what it gives, or throws, comes back as text. */
export type Realm = (expression: string) => Promise<string>

/**
 * The same built-ins twice: behind the runtime's guards, as a function finds them, and as V8 made them.
 *
 * What an expression gives is written by code of the realm's own, so that -0, holes, undefined and array likes
 * are told apart.
 */
export async function makeRealms(): Promise<{ guarded: Realm; plain: Realm; dispose(): void }> {
  await prepareSnapshot('sdk')
  const guarded = new Isolate({ memoryLimit: 512, snapshot: runtimeSnapshot('sdk') })
  const plain = new Isolate({ memoryLimit: 512 })
  return {
    guarded: makeRealm(await guarded.createContext()),
    plain: makeRealm(await plain.createContext()),
    dispose: () => {
      guarded.dispose()
      plain.dispose()
    },
  }
}

function makeRealm(context: NativeContext): Realm {
  return async expression => {
    const result: unknown = await context.eval(`(${writeOutcome})(() => (${expression}))`, { copy: true })
    return String(result)
  }
}

/** Runs in the realm, alone: it may use nothing from outside itself. */
const writeOutcome = `evaluate => {
  const write = (value, depth) => {
    if (Object.is(value, -0)) return '-0'
    if (typeof value === 'string') return JSON.stringify(value)
    if (typeof value === 'bigint') return value + 'n'
    if (typeof value === 'symbol') return value.toString()
    if (typeof value === 'function') return 'function ' + value.name
    if (typeof value !== 'object' || value === null || depth > 6) return String(value)
    const parts = Reflect.ownKeys(value).map(key => {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
      if (descriptor === undefined) return String(key)
      const flags = (descriptor.writable ? 'w' : '') + (descriptor.enumerable ? 'e' : '') + (descriptor.configurable ? 'c' : '')
      const content = 'value' in descriptor ? write(descriptor.value, depth + 1) : 'accessor'
      return String(key) + ' ' + flags + ' ' + content
    })
    return Object.prototype.toString.call(value) + '{' + parts.join(', ') + '}'
  }
  try {
    return write(evaluate(), 0)
  } catch (error) {
    return 'throws ' + write(error instanceof Error ? [error.name, error.message] : error, 0)
  }
}`
