import { MapCtor, MapForEach, MapGet, MapSet, StringSlice, StringStartsWith } from './intrinsics.ts'

const builtins = new MapCtor<string, () => unknown>()
const builtinExports = new MapCtor<string, unknown>()
/** Before the names of packages that are built in only where a function has none of its own. */
const FALLBACK = 'cloudlet:'

/** A module every function has without installing it; made at its first require. */
export function defineBuiltin(name: string, make: () => unknown): void {
  MapSet(builtins, name, make)
}

/** The same for a package, unless the function brings its own. */
export function defineFallback(name: string, make: () => unknown): void {
  defineBuiltin(`${FALLBACK}${name}`, make)
}

/** What stands in for a package that is in no node_modules, as a built-in's name. */
export function fallbackFor(specifier: string): string | undefined {
  const name = `${FALLBACK}${specifier}`
  return hasBuiltin(name) ? name : undefined
}

export function hasBuiltin(name: string): boolean {
  return MapGet(builtins, name) !== undefined
}

export function builtinNames(): string[] {
  const names: string[] = []
  MapForEach(builtins, (_make: unknown, name: string) => {
    if (!StringStartsWith(name, FALLBACK)) names[names.length] = name
  })
  return names
}

export function builtinOf(name: string): unknown {
  const made = MapGet(builtinExports, name)
  if (made !== undefined) return made
  const exported = (MapGet(builtins, name) as () => unknown)()
  MapSet(builtinExports, name, exported)
  return exported
}

/** What a package of the runtime's own gets as its `require`. */
export function requireBuiltin(name: string): unknown {
  return builtinOf(StringStartsWith(name, 'node:') ? StringSlice(name, 5) : name)
}
