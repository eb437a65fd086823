import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'

const index = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const cellsHost = fileURLToPath(new URL('cells-host.ts', import.meta.url))

/** Hands suites a FunctionHost whose functions run in cells, in the place of the one they import. */
const inCells: Plugin = {
  name: 'in-cells',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    if (!source.endsWith('src/index.ts') || importer === cellsHost) return null
    const found = await this.resolve(source, importer, { ...options, skipSelf: true })
    return found?.id === index ? cellsHost : found
  },
}

const shared = {
  root: fileURLToPath(new URL('..', import.meta.url)),
  pool: 'forks',
  maxConcurrency: 3,
  execArgv: ['--no-node-snapshot'],
  testTimeout: 30_000,
  hookTimeout: 30_000,
} as const

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
