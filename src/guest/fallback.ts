import { MapCtor, MapGet, MapSet } from './intrinsics.ts'

/** Packages that a function has without installing them, unless it brings its own; made at their first require. */
const fallbacks = new MapCtor<string, () => unknown>()
const exportsOf = new MapCtor<string, unknown>()

export function defineFallback(name: string, make: () => unknown): void {
  MapSet(fallbacks, name, make)
}

/** Asked once nothing of that name is found in any node_modules. */
export function isFallback(name: string): boolean {
  return MapGet(fallbacks, name) !== undefined
}

export function fallbackOf(name: string): unknown {
  const made = MapGet(exportsOf, name)
  if (made !== undefined) return made
  const exported = (MapGet(fallbacks, name) as () => unknown)()
  MapSet(exportsOf, name, exported)
  return exported
}
