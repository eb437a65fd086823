import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const child = fileURLToPath(new URL('wasm-code-child.ts', import.meta.url))

test('isolates that end meet no lock of WebAssembly’s that they hold themselves', {
  timeout: 100_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-node-snapshot', child], {
    timeout: 90_000,
  })
  // Collecting it led there once in some fifty rounds; here it must not even begin.
  expect(stdout).not.toMatch(/Triggering GC|Starting GC/)
  expect(stdout).toMatch(/done\n$/)
})
