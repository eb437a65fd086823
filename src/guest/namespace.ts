import {
  ObjectCreate,
  ObjectDefineProperty,
  ObjectHasOwn,
  ObjectKeys,
  ObjectPreventExtensions,
  SymbolToStringTag,
} from './intrinsics.ts'

/** The object that the names of `import` are properties of. */
export type Namespace = Record<string, unknown>

/** A function is found in the default export too: `export default { main }`. */
export function mainOf(namespace: Namespace): unknown {
  if (ObjectHasOwn(namespace, 'main') || !ObjectHasOwn(namespace, 'default')) return namespace
  const fallback = namespace.default as { main?: unknown } | null | undefined
  return typeof fallback?.main === 'function' ? fallback : namespace
}

export function requiredOf(namespace: Namespace): unknown {
  if (ObjectHasOwn(namespace, 'module.exports')) return namespace['module.exports']
  if (!ObjectHasOwn(namespace, 'default') || ObjectHasOwn(namespace, '__esModule')) return namespace
  const getters: Record<string, () => unknown> = { __esModule: () => true }
  passOn(getters, namespace)
  getters.default = () => namespace.default
  const marked = ObjectCreate(null)
  declare(marked, getters)
  return marked
}

export function passOn(getters: Record<string, () => unknown>, from: Namespace): void {
  const names = ObjectKeys(from)
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    if (name !== 'default' && !ObjectHasOwn(getters, name)) getters[name] = () => from[name]
  }
}

/** Exports are getters: what a name is may change. Their order is that of their characters, as the language has it. */
export function declare(namespace: Namespace, getters: Record<string, () => unknown>): void {
  const names = sorted(ObjectKeys(getters))
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    const descriptor = ObjectCreate(null)
    descriptor.get = getters[name]
    descriptor.enumerable = true
    void ObjectDefineProperty(namespace, name, descriptor)
  }
  seal(namespace)
}

export function setName(namespace: Namespace, name: string, value: unknown): void {
  const descriptor = ObjectCreate(null)
  descriptor.value = value
  descriptor.enumerable = true
  void ObjectDefineProperty(namespace, name, descriptor)
}

export function seal(namespace: Namespace): void {
  const descriptor = ObjectCreate(null)
  descriptor.value = 'Module'
  void ObjectDefineProperty(namespace, SymbolToStringTag, descriptor)
  void ObjectPreventExtensions(namespace)
}

/** Of what is built in: its properties, as they are when they are read. */
export function namespaceOf(exports: unknown): Namespace {
  const getters: Record<string, () => unknown> = ObjectCreate(null) as Record<string, () => unknown>
  if ((typeof exports === 'object' || typeof exports === 'function') && exports !== null) {
    const names = ObjectKeys(exports)
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string
      getters[name] = () => (exports as Namespace)[name]
    }
  }
  getters.default = () => exports
  const namespace = ObjectCreate(null)
  declare(namespace, getters)
  return namespace
}

/** Those that `import` has of a CommonJS module, in the order of a namespace. */
export function commonNames(known: readonly string[]): string[] {
  const names = ['default', 'module.exports']
  for (let index = 0; index < known.length; index++) names[names.length] = known[index] as string
  return sorted(names)
}

function sorted(names: string[]): string[] {
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string
    let place = index
    for (; place > 0 && (names[place - 1] as string) > name; place--)
      names[place] = names[place - 1] as string
    names[place] = name
  }
  return names
}

/** An own property; a getter that throws gives nothing, as in Node. */
export function readOwn(object: unknown, name: string): unknown {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return undefined
  if (!ObjectHasOwn(object, name)) return undefined
  try {
    return (object as Namespace)[name]
  } catch {
    return undefined
  }
}
