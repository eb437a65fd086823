import { LIMITS } from '../limits.ts'
import type { Address } from './address.ts'

/**
 * Which names led to which addresses, as the host's own resolver had it: a function looks a name up and connects to
 * what it got, so that the name is known only from here. The oldest are forgotten when there are too many.
 */
export class KnownNames {
  readonly #names = new Map<string, readonly string[]>()

  add(name: string, addresses: readonly Address[]): void {
    for (const { text } of addresses) {
      const names = this.#names.get(text) ?? []
      this.#names.delete(text)
      this.#names.set(
        text,
        names.includes(name) ? names : [...names.slice(1 - LIMITS.networkNamesOfAddress), name],
      )
    }
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= LIMITS.networkKnownAddresses) break
      this.#names.delete(oldest)
    }
  }

  of({ text }: Address): readonly string[] {
    return this.#names.get(text) ?? []
  }
}
