import { LIMITS } from '../limits.ts'
import { settleApi, type WithCallback } from './callbacks.ts'
import { decodeDocument } from './document-data.ts'
import { StageChain } from './pipeline.ts'
import type { DocumentData, ExplainResult, Source } from './query.ts'
import { runApi } from './wx-errors.ts'

export interface AggregateResult {
  readonly list: DocumentData[]
  readonly errMsg: string
}

/** An aggregation of a collection: `aggregate()`, its stages, then `end()`. */
export class Aggregation extends StageChain {
  readonly #source: Source
  readonly #collection: string

  constructor(source: Source, collection: string) {
    super()
    this.#source = source
    this.#collection = collection
  }

  /**
   * Runs it. Up to 10,000 documents come back; where the platform would give fewer, a warning says so.
   *
   * @throws {WxError} errCode -502005 when a collection doesn't exist, -502002 for a stage or operator there isn't,
   *   -501007 for a bad operand, -502001 when it can't be evaluated or needs too much memory or time.
   */
  end(options: WithCallback<AggregateResult>): void
  end(options?: object): Promise<AggregateResult>
  end(options?: object): Promise<AggregateResult> | undefined {
    return settleApi(this.#source.surface, 'collection.aggregate', options, async api => {
      const { documents, isTruncated } = await this.#source.call('database.aggregate', {
        collection: this.#collection,
        pipeline: [...this.stages],
      })
      this.#warnOfLimits(documents.length, isTruncated)
      return { list: documents.map(decodeDocument), errMsg: `${api}:ok` }
    })
  }

  /** How the host would do `end`, found out by doing it: an addition of cloudlet's, for functions and the host. */
  explain(): Promise<ExplainResult> {
    const { surface, call } = this.#source
    return runApi(surface, 'collection.aggregate.explain', async () => {
      const explained = await call('database.explain', {
        collection: this.#collection,
        filter: {},
        pipeline: [...this.stages],
      })
      return { ...explained, errMsg: 'collection.aggregate.explain:ok' }
    })
  }

  #warnOfLimits(count: number, isTruncated: boolean): void {
    if (isTruncated) {
      this.#source.warn(
        `aggregate() has more than ${count} documents, the most there are in one result; the rest is left out.`,
      )
    } else if (
      count > LIMITS.aggregateRowsDefault &&
      !this.stages.some(stage => Object.hasOwn(stage, '$limit'))
    ) {
      this.#source.warn(
        `aggregate() without limit() gave ${count} documents; the platform returns ${LIMITS.aggregateRowsDefault}. ` +
          'Add limit() to have them there too.',
      )
    }
  }
}
