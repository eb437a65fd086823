import { type Encodable, type Encoded, type EncodedObject, encodeValue } from '../protocol/value.ts'
import { Expression } from './aggregate.ts'
import { encodeCondition } from './condition.ts'
import { requireDepth } from './depth.ts'
import { isObject } from './parameters.ts'

/** Fields of an output, each 1 or 0, true or false, or an expression; nested objects mean dotted paths. */
export type Shape = Readonly<Record<string, unknown>>

export interface Unwind {
  /** `$field`. */
  readonly path: string
  readonly includeArrayIndex?: string
  readonly preserveNullAndEmptyArrays?: boolean
}

export interface Lookup {
  readonly from: string
  /** With `foreignField`: the two fields that must be equal. */
  readonly localField?: string
  readonly foreignField?: string
  /** Variables of the pipeline, where they are `$$name`. */
  readonly let?: Readonly<Record<string, unknown>>
  /** From `$.pipeline()….done()`. */
  readonly pipeline?: readonly EncodedObject[]
  readonly as: string
}

export interface GraphLookup {
  readonly from: string
  /** An expression: the value, or values, to begin with. */
  readonly startWith: unknown
  /** The field of a found document whose values are looked for next, and the one they are looked for in. */
  readonly connectFromField: string
  readonly connectToField: string
  readonly as: string
  /** Steps after the first. */
  readonly maxDepth?: number
  readonly depthField?: string
  /** A condition, as in `where`. */
  readonly restrictSearchWithMatch?: object
}

export interface Bucket {
  readonly groupBy: unknown
  readonly boundaries: readonly unknown[]
  readonly default?: unknown
  readonly output?: Shape
}

export interface BucketAuto {
  readonly groupBy: unknown
  readonly buckets: number
  readonly granularity?: string
  readonly output?: Shape
}

export interface GeoNear {
  /** A `db.Geo.Point`. */
  readonly near: unknown
  readonly distanceField: string
  readonly spherical?: true
  readonly limit?: number
  /** Metres. */
  readonly maxDistance?: number
  /** Metres. */
  readonly minDistance?: number
  /** A condition, as in `where`. */
  readonly query?: object
  readonly distanceMultiplier?: number
  readonly includeLocs?: string
  readonly key?: string
}

/**
 * The stages of an aggregation, one method each. As on the platform, a method adds to the chain it is called on
 * and returns it. Arguments are encoded when the method is called.
 */
export abstract class StageChain {
  protected readonly stages: EncodedObject[] = []

  /**
   * A condition as in `where`, or expressions of `$` in the place of commands.
   *
   * @throws {Error} as `where` does.
   */
  match(condition: object): this {
    // $.and([…]) is an expression, and says as a filter what it says.
    const filter = condition instanceof Expression ? condition.encodeValue() : encodeCondition(condition)
    return this.#add('$match', filter)
  }

  project(shape: Shape): this {
    return this.#add('$project', shape)
  }

  addFields(shape: Shape): this {
    return this.#add('$addFields', shape)
  }

  /** `_id` to group by (null: one group), and accumulators. */
  group(groups: Shape): this {
    return this.#add('$group', groups)
  }

  /** 1 or -1 by path. */
  sort(keys: Readonly<Record<string, 1 | -1>>): this {
    return this.#add('$sort', keys)
  }

  limit(count: number): this {
    return this.#add('$limit', count)
  }

  skip(count: number): this {
    return this.#add('$skip', count)
  }

  /** One document with the number of documents in a field of that name. */
  count(name: string): this {
    return this.#add('$count', name)
  }

  unwind(path: string | Unwind): this {
    return this.#add('$unwind', path)
  }

  lookup(lookup: Lookup): this {
    return this.#add('$lookup', lookup)
  }

  /** Follows references from document to document. */
  graphLookup(graph: GraphLookup): this {
    const restriction =
      isObject(graph) && graph.restrictSearchWithMatch !== undefined
        ? { restrictSearchWithMatch: encodeCondition(graph.restrictSearchWithMatch) }
        : {}
    return this.#add('$graphLookup', { ...graph, ...restriction })
  }

  replaceRoot(root: { readonly newRoot: unknown }): this {
    return this.#add('$replaceRoot', root)
  }

  /** `{ size }` by the platform's documentation, a number by its types. */
  sample(sample: { readonly size: number } | number): this {
    return this.#add('$sample', typeof sample === 'number' ? { size: sample } : sample)
  }

  sortByCount(expression: unknown): this {
    return this.#add('$sortByCount', expression)
  }

  bucket(bucket: Bucket): this {
    return this.#add('$bucket', bucket)
  }

  bucketAuto(bucket: BucketAuto): this {
    return this.#add('$bucketAuto', bucket)
  }

  geoNear(near: GeoNear): this {
    const query = isObject(near) && near.query !== undefined ? { query: encodeCondition(near.query) } : {}
    return this.#add('$geoNear', { ...near, ...query })
  }

  /** Several pipelines from `$.pipeline()` over the same documents, each giving an array. */
  facet(pipelines: Readonly<Record<string, readonly EncodedObject[]>>): this {
    return this.#add('$facet', pipelines)
  }

  /** Leaves out parts of documents: an expression of `$$KEEP`, `$$PRUNE` and `$$DESCEND`. */
  redact(expression: unknown): this {
    return this.#add('$redact', expression)
  }

  #add(name: string, operand: unknown): this {
    const stage = { [name]: encodeValue(operand, name) }
    requireDepth(stage, 'stage')
    this.stages.push(stage)
    return this
  }
}

/** Stages for a lookup: `$.pipeline()….done()`. */
export class Pipeline extends StageChain implements Encodable {
  /** The stages as data. */
  done(): readonly EncodedObject[] {
    return [...this.stages]
  }

  /** The same without `done()`. */
  encodeValue(): Encoded {
    return this.done()
  }
}
