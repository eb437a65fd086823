import { DatabaseError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'
import { arrayIndex, type Path } from './path.ts'

/** One field or element an update operator works on. */
export class Target {
  readonly #parent: Document | unknown[]
  readonly #key: string

  constructor(parent: Document | unknown[], key: string) {
    this.#parent = parent
    this.#key = key
  }

  /** `undefined` when it isn't there. */
  get value(): unknown {
    if (Array.isArray(this.#parent)) return this.#parent[Number(this.#key)]
    return Object.hasOwn(this.#parent, this.#key) ? this.#parent[this.#key] : undefined
  }

  /** Sets it, filling an array up with nulls to reach the index. */
  set(value: unknown): void {
    if (!Array.isArray(this.#parent)) {
      setField(this.#parent, this.#key, value)
      return
    }
    const index = Number(this.#key)
    if (index - this.#parent.length > LIMITS.arrayBackfillItems) {
      throw new DatabaseError(
        'DATABASE_REQUEST_FAILED',
        `Can't fill an array up with more than ${LIMITS.arrayBackfillItems} nulls to reach index ${index}.`,
      )
    }
    while (this.#parent.length < index) this.#parent.push(null)
    this.#parent[index] = value
  }

  /** Removes a field; an array keeps its length, with null in the element's place. */
  remove(): void {
    if (!Array.isArray(this.#parent)) delete this.#parent[this.#key]
    else if (Number(this.#key) < this.#parent.length) this.#parent[Number(this.#key)] = null
  }
}

/** How `$` finds its index: the first element of that array which the filter matched. */
export type FindPosition = (array: readonly unknown[], arrayPath: string) => number

/**
 * The fields a path of an update means in a document: one, or with `$[]` one per element.
 *
 * @param creates whether missing objects on the way are made; otherwise what isn't there is no target.
 * @throws {DatabaseError} DATABASE_REQUEST_FAILED when a value on the way can't hold the field.
 */
export function findTargets(
  document: Document,
  path: Path,
  creates: boolean,
  findPosition: FindPosition,
): Target[] {
  const { segments } = path
  return descend(document, 0)

  function descend(parent: Document | unknown[], depth: number): Target[] {
    const key = resolveKey(parent, depth)
    if (key === undefined) return []
    if (Array.isArray(key)) {
      return key.flatMap(index => (isLast(depth) ? [new Target(parent, index)] : below(parent, index, depth)))
    }
    return isLast(depth) ? [new Target(parent, key)] : below(parent, key, depth)
  }

  function isLast(depth: number): boolean {
    return depth === segments.length - 1
  }

  function below(parent: Document | unknown[], key: string, depth: number): Target[] {
    const target = new Target(parent, key)
    const { value } = target
    if (isDocument(value) || Array.isArray(value)) return descend(value, depth + 1)
    if (!creates) return []
    if (value !== undefined) throw blocked(depth + 1, key, value)
    const made: Document = {}
    target.set(made)
    return descend(made, depth + 1)
  }

  /** The key or keys of `parent` that the segment means; undefined if it can't be there and need not be. */
  function resolveKey(parent: Document | unknown[], depth: number): string | string[] | undefined {
    const segment = segments[depth] ?? ''
    if (!Array.isArray(parent)) {
      if (segment.startsWith('$')) throw blocked(depth, segments[depth - 1] ?? '', parent)
      return segment
    }
    if (segment === '$[]') return parent.map((_, index) => String(index))
    if (segment === '$') return String(findPosition(parent, segments.slice(0, depth).join('.')))
    if (arrayIndex(segment) !== undefined) return segment
    if (creates) throw blocked(depth, segments[depth - 1] ?? '', parent)
    return undefined
  }

  function blocked(depth: number, holder: string, value: unknown): DatabaseError {
    const shown = JSON.stringify(value)?.slice(0, 100)
    return new DatabaseError(
      'DATABASE_REQUEST_FAILED',
      `Cannot create field '${segments[depth]}' in element {${holder}: ${shown}} (updating '${path.text}').`,
    )
  }
}
