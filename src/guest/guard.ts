import {
  MapCtor,
  MapGet,
  MapSet,
  ObjectAssign,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectKeys,
  ProxyCtor,
  RangeErrorCtor,
  ReflectApply,
  ReflectGet,
} from './intrinsics.ts'

/** Stands before a built-in and takes its arguments as they came. */
export type Guard = (this: unknown, ...args: unknown[]) => unknown

/** `callBuiltin(method, self, args)`, for built-ins whose arguments the guard passes on unseen. */
export const callBuiltin = ReflectApply as (
  method: unknown,
  self: unknown,
  args: ArrayLike<unknown>,
) => unknown

/** The built-in that each guard stands for. */
const builtins = new MapCtor<unknown, unknown>()

const { toString: functionToString } = Function.prototype

/**
 * Puts each guard in the place of the built-in of its name, with that built-in's length and attributes. Written as
 * methods, guards can't be constructed and have no prototype, like the built-ins; their text reads as native code.
 *
 * V8 looks for a request to end only where JavaScript is entered or loops: a built-in that works for minutes holds
 * its thread for minutes, whatever the deadline (native-notes/deadlines.md).
 */
export function placeGuards(holder: object, guards: Readonly<Record<string, Guard>>): void {
  const names = ObjectKeys(guards)
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    place(holder, name, guards[name] as Guard)
  }
}

/** The same for one built-in, by a function that is not a method, such as a proxy. */
export function place(holder: object, name: PropertyKey, guard: object): void {
  const descriptor = ObjectGetOwnPropertyDescriptor(holder, name)
  // Not every build of V8 has every built-in; what isn't there needs no guard.
  if (descriptor === undefined) return
  const original = descriptor.value as { readonly length: number }
  if ((guard as { length?: unknown }).length !== original.length) {
    ObjectDefineProperty(guard, 'length', { value: original.length, configurable: true })
  }
  MapSet(builtins, guard, MapGet(builtins, original) ?? original)
  ObjectDefineProperty(holder, name, { ...descriptor, value: guard })
}

/**
 * The same for a constructor, by a proxy: it stays what that was, makes instances, can be called where that could, and
 * subclassed. Returns the guard.
 */
export function placeConstructor(holder: object, name: string, traps: ProxyHandler<object>): object {
  const native = ReflectGet(holder, name) as { readonly prototype: object }
  // Without a prototype: what user code puts on Object.prototype must not become a trap.
  const guard = new ProxyCtor(native, ObjectAssign(ObjectCreate(null), traps))
  place(holder, name, guard)
  ObjectDefineProperty(native.prototype, 'constructor', { value: guard })
  return guard
}

export function guardFunctionText(): void {
  placeGuards(Function.prototype, {
    toString(...args) {
      return callBuiltin(functionToString, MapGet(builtins, this) ?? this, args)
    },
  })
}

/**
 * Lets the run end here if it should. The optimiser inlines no function into itself, so one entry remains, which is
 * where V8 looks (native-notes/deadlines.md).
 */
export function lookAtDeadline(entries = 1): void {
  if (entries > 0) lookAtDeadline(entries - 1)
}

/**
 * Refuses a receiver or argument with more items or characters than a built-in may work on at once. What has no
 * length, or none that is a number, is the built-in's to judge.
 */
export function refuseLong(name: string, value: unknown, limit: number): void {
  if (value === null || value === undefined) return
  const { length } = value as { readonly length?: number | undefined }
  if (length !== undefined && length > limit) throw tooLong(name, length, limit)
}

export function tooLong(name: string, length: number, limit: number): RangeError {
  return new RangeErrorCtor(
    `${name} was given a length of ${length}; the limit is ${limit}. Work on smaller parts, one after the other.`,
  )
}
