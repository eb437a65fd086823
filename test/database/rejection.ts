import type { DatabaseReason } from '../../src/errors.ts'

/** What a database op must reject with. */
export function failure(reason: DatabaseReason, message?: string | RegExp): object {
  const expected: Record<string, unknown> = { code: 'CLOUDLET_DATABASE', reason }
  if (message !== undefined) expected['message'] = expectText(message)
  return expected
}

function expectText(message: string | RegExp): unknown {
  return {
    asymmetricMatch: (actual: unknown) =>
      typeof actual === 'string' &&
      (typeof message === 'string' ? actual.includes(message) : message.test(actual)),
    toString: () => `text with ${message}`,
  }
}
