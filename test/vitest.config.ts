import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'

/** Hands suites a FunctionHost whose functions run in cells, in the place of the one they import. */
const inCells: Plugin = {
  name: 'in-cells',
  enforce: 'pre',
  transform: (code, id) =>
    /\/test\/\w+\/[^/]+$/.test(id) ? code.replaceAll("'../../src/index.ts'", "'../cells-host.ts'") : null,
}

const shared = {
  root: fileURLToPath(new URL('..', import.meta.url)),
  pool: 'forks' as const,
  maxConcurrency: 3,
  execArgv: ['--no-node-snapshot'],
  testTimeout: 30_000,
  hookTimeout: 30_000,
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: 'all', include: ['test/**/*.test.ts'] } },
      {
        plugins: [inCells],
        test: { ...shared, name: 'cells', include: ['test/{line,conformance}/**/*.test.ts'] },
      },
    ],
  },
})
