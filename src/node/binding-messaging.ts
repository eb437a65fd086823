import type { Binding, Realm } from './realm.ts'
import { structuredClone } from './structured-clone.ts'

/** Copies between threads, of which a function has one: only structuredClone is left of them. */
export function makeMessagingBinding(realm: Realm): Binding {
  return {
    get DOMException() {
      return realm.domExceptions.DOMException
    },
    get QuotaExceededError() {
      return realm.domExceptions.QuotaExceededError
    },
    setDeserializerCreateObjectFunction: () => {},
    structuredClone: (value: unknown, options: { transfer?: Iterable<unknown> } | undefined) =>
      structuredClone(realm, value, [...(options?.transfer ?? [])]),
  }
}
