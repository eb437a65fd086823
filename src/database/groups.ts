import { setField } from '../protocol/value.ts'
import type { Accumulator, Hold } from './accumulator.ts'
import type { Document } from './document.ts'
import { type Evaluate, scopeOf, type Variable } from './evaluation.ts'
import type { PartialGroup } from './group-sql.ts'
import type { Holding } from './pipeline-memory.ts'
import { ValueMap } from './value-map.ts'
import { sizeOf } from './value-size.ts'

export interface OutputField {
  readonly name: string
  readonly evaluate: Evaluate
  readonly create: (hold: Hold) => Accumulator
}

export interface Grouping {
  readonly keyOf: Evaluate
  readonly fields: readonly OutputField[]
}

/** Groups in the order of their first documents. What is missing groups with null. */
export class Groups {
  readonly #holding: Holding
  readonly #hold: Hold
  readonly #grouping: Grouping
  readonly #groups = new ValueMap<readonly Accumulator[]>()

  constructor(holding: Holding, grouping: Grouping) {
    this.#holding = holding
    this.#hold = bytes => holding.add(bytes)
    this.#grouping = grouping
  }

  /** @throws {DatabaseError} DATABASE_REQUEST_FAILED when they would hold too much. */
  add(documents: Iterable<Document>, variables: Variable | undefined): void {
    const { keyOf, fields } = this.#grouping
    for (const document of documents) {
      const scope = scopeOf(document, variables)
      const accumulators = this.#at(keyOf(scope) ?? null)
      for (let index = 0; index < fields.length; index++) {
        accumulators[index]?.add(fields[index]?.evaluate(scope))
      }
    }
  }

  /** Adds documents that have been grouped: they follow all that were added before. */
  addGroups(partials: readonly PartialGroup[]): void {
    for (const { key, outputs } of partials) {
      const accumulators = this.#at(key)
      for (const [index, output] of outputs.entries()) {
        if (output.kind === 'sum') accumulators[index]?.addNumbers?.(output.sum, output.count)
        else for (const value of output.values) accumulators[index]?.add(value)
      }
    }
  }

  *results(): Generator<Document> {
    for (const [key, accumulators] of this.#groups.entries())
      yield outputOf(key, this.#grouping.fields, accumulators)
  }

  release(): void {
    this.#holding.release()
  }

  #at(key: unknown): readonly Accumulator[] {
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const { fields } = this.#grouping
    const accumulators = fields.map(({ create }) => create(this.#hold))
    this.#hold(GROUP_BYTES + 2 * sizeOf(key) + ACCUMULATOR_BYTES * fields.length)
    this.#groups.add(key, accumulators)
    return accumulators
  }
}

const GROUP_BYTES = 200
const ACCUMULATOR_BYTES = 100

export function outputOf(
  key: unknown,
  fields: readonly OutputField[],
  accumulators: readonly Accumulator[],
): Document {
  const output: Document = { _id: key }
  for (const [index, { name }] of fields.entries()) setField(output, name, accumulators[index]?.result())
  return output
}
