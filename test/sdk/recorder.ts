import type { Call, OpName } from '../../src/protocol/calls.ts'

export interface Recording {
  readonly call: Call
  /** What crossed, in order. */
  readonly calls: { readonly op: OpName; readonly args: unknown }[]
  /** Arguments of the last call. */
  last(): unknown
}

/** A `call` that keeps what crosses and answers as told: a result by op, or a function that gives or throws it. */
export function recordCalls(answers: Partial<Record<OpName, unknown>> = {}): Recording {
  const calls: Recording['calls'] = []
  const call = async (op: OpName, args: unknown): Promise<unknown> => {
    calls.push({ op, args })
    const answer = answers[op]
    return typeof answer === 'function' ? answer(args) : (answer ?? DEFAULT_ANSWERS[op])
  }
  return { call: call as Call, calls, last: () => calls.at(-1)?.args }
}

const DEFAULT_ANSWERS: Partial<Record<OpName, unknown>> = {
  'database.add': { ids: ['id-1'] },
  'database.query': { documents: [] },
  'database.count': { total: 0 },
  'database.aggregate': { documents: [], isTruncated: false },
  'database.update': { updated: 1 },
  'database.replace': { updated: 1, created: 0 },
  'database.remove': { removed: 1 },
  'database.createCollection': {},
}

/** What a promise rejects with, failing the test when it doesn't. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error as Record<string, unknown> & Error
    throw new Error(`rejected with ${String(error)}, which is no Error`)
  }
  throw new Error('should have been rejected')
}
