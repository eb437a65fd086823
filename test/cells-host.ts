/** What `src/index.ts` is to the suites that run a second time, with functions in cells (vitest.config.ts). */
import { FunctionHost as AnyHost, type FunctionHostOptions } from '../src/index.ts'

export * from '../src/index.ts'

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('isolation' in value)

/** A host whose functions run in cells unless the test says otherwise; one cell and its spare suffice for a test. */
export class FunctionHost extends AnyHost {
  constructor(options: FunctionHostOptions = {}) {
    super(isPlain(options) ? { isolation: 'process', cells: { count: 1 }, ...options } : options)
  }
}
