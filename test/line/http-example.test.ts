import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { FunctionHost, tokenAuthenticator } from '../../src/index.ts'

const FOLDER = new URL('../../examples/http/', import.meta.url)

async function hasCurl(): Promise<boolean> {
  return promisify(execFile)('curl', ['--version']).then(
    () => true,
    () => false,
  )
}

test.skipIf(process.platform === 'win32' || !(await hasCurl()))(
  'the lines of examples/http answer what it says',
  async () => {
    const readme = await readFile(new URL('README.md', FOLDER), 'utf8')
    const steps = [...readme.matchAll(/```sh\n(.*?)```\n\n```text\n(.*?)```/gs)]
    expect(steps).toHaveLength(6)
    await using host = new FunctionHost()
    const { failed } = await host.deployDirectory(fileURLToPath(new URL('cloudfunctions', FOLDER)))
    expect(failed).toEqual([])
    const tokens: object = JSON.parse(await readFile(new URL('tokens.json', FOLDER), 'utf8'))
    const door = await host.listen({
      port: 0,
      authenticate: tokenAuthenticator(new Map(Object.entries(tokens))),
    })
    for (const [, line = '', expected] of steps) {
      const command = line.replaceAll('127.0.0.1:7780', `127.0.0.1:${door.port}`)
      const { stdout } = await promisify(execFile)('sh', ['-c', command])
      expect(stdout).toBe(expected)
    }
  },
)
