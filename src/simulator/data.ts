import { LIMITS } from '../limits.ts'

type Data = Record<string, unknown>

/**
 * Does what `setData` does to a page's data: each key is a path (`list[0].done`), each value is copied. Values that
 * are `undefined` are left out, as on the platform, and their paths returned.
 *
 * @throws {Error} for a path that is none, a value that refers to itself, and changes above 1 MB of JSON.
 */
export function applyChanges(data: Data, changes: object): string[] {
  const skipped: string[] = []
  const copied: [readonly (string | number)[], unknown][] = []
  for (const [path, value] of Object.entries(changes)) {
    if (value === undefined) skipped.push(path)
    else copied.push([parsePath(path), copyData(value)])
  }
  const chars = JSON.stringify(copied.map(([, value]) => value)).length
  if (chars > LIMITS.pageDataChars) {
    throw new Error(
      `setData was given ${chars} characters of JSON; the platform takes ${LIMITS.pageDataChars} at once. Set only what has changed.`,
    )
  }
  for (const [path, value] of copied) setAt(data, path, value)
  return skipped
}

/** A copy as it arrives in the view: plain values, arrays, objects and dates; functions are left out. */
export function copyData(value: unknown): unknown {
  return copy(value, [], false)
}

/** A copy of what a page's definition holds beside its data: the same, with functions. */
export function copyDefinition(value: unknown): unknown {
  return copy(value, [], true)
}

/** `a.b[0]` → `['a', 'b', 0]`. A backslash makes the next character part of a name. */
export function parsePath(path: string): (string | number)[] {
  const segments: (string | number)[] = []
  let name = ''
  let hasName = false
  const endName = (): void => {
    if (hasName) segments.push(name)
    name = ''
    hasName = false
  }
  for (let at = 0; at < path.length; at++) {
    const character = path.charAt(at)
    if (character === '[') {
      endName()
      const index = /^\[(\d+)\](?=$|[.[])/.exec(path.slice(at))
      if (index === null || segments.length === 0) throw createPathError(path)
      segments.push(Number(index[1]))
      at += index[0].length - 1
    } else if (character === '.') {
      const isAfterIndex = !hasName && typeof segments.at(-1) === 'number'
      if ((!hasName && !isAfterIndex) || at === path.length - 1) throw createPathError(path)
      endName()
    } else {
      if (character === '\\') at++
      name += path.charAt(at)
      hasName = true
    }
  }
  endName()
  if (segments.length === 0) throw createPathError(path)
  return segments
}

function createPathError(path: string): Error {
  return new Error(
    `setData: ${JSON.stringify(path)} is no path of data. It looks like "list[0].done"; a dot or bracket that belongs to a name has a backslash before it.`,
  )
}

function setAt(data: Data, path: readonly (string | number)[], value: unknown): void {
  let holder: object = data
  for (const [depth, key] of path.entries()) {
    if (depth === path.length - 1) {
      setOwn(holder, key, value)
      return
    }
    const existing: unknown = Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined
    const isIndex = typeof path[depth + 1] === 'number'
    const fits = isIndex ? Array.isArray(existing) : isObject(existing) && !Array.isArray(existing)
    const next: object = fits && isObject(existing) ? existing : isIndex ? [] : {}
    if (!fits) setOwn(holder, key, next)
    holder = next
  }
}

/** Also for a key named `__proto__`, which an assignment would take for something else. */
function setOwn(holder: object, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}

function copy(value: unknown, around: readonly object[], keepsFunctions: boolean): unknown {
  if (typeof value === 'function') return keepsFunctions ? value : undefined
  if (!isObject(value)) return value
  if (value instanceof Date) return new Date(value)
  if (around.includes(value)) throw new Error('Data of a page must not refer to itself.')
  const inside = [...around, value]
  if (Array.isArray(value)) return value.map(item => copy(item, inside, keepsFunctions) ?? null)
  if (keepsFunctions && !isPlain(value)) return value
  const copied: Data = {}
  for (const [key, item] of Object.entries(value)) {
    const itemCopy = copy(item, inside, keepsFunctions)
    if (itemCopy !== undefined || keepsFunctions) setOwn(copied, key, itemCopy)
  }
  return copied
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
