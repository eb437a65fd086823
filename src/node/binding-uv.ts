import type { Binding, Realm } from './realm.ts'

/** The system's error numbers, as on Linux. */
export function makeUvBinding(realm: Realm): Binding {
  const { names, errors } = realm.constants('uv') as {
    names: Record<string, number>
    errors: [number, [name: string, message: string]][]
  }
  const map = new Map(errors)
  return {
    ...names,
    errname: (code: number) => map.get(code)?.[0] ?? `Unknown system error ${code}`,
    getErrorMap: () => map,
    getErrorMessage: (code: number) => map.get(code)?.[1] ?? `Unknown system error ${code}`,
  }
}
