import { expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../src/index.ts'

async function deployed(config: string): Promise<{ result: unknown; warnings: readonly string[] }> {
  const host = new FunctionHost()
  onTestFinished(() => host.close())
  const code = `exports.main = async () => Object.entries(process.env).filter(([name]) => /^(__proto__|constructor|OWN)$/.test(name))`
  const { warnings } = await host.deploy('f', { files: { 'index.js': code, 'config.json': config } })
  return { result: (await host.invoke('f')).result, warnings }
}

test('a variable may be called as JavaScript calls something', async () => {
  const { result } = await deployed(
    '{ "envVariables": { "__proto__": "own", "constructor": "c", "OWN": "mine" } }',
  )
  expect(Object.fromEntries(result as [string, string][])).toEqual(
    JSON.parse('{ "__proto__": "own", "constructor": "c", "OWN": "mine" }'),
  )
})

test.each(['constructor', '__proto__', 'toString'])('a setting "%s" is not known', async name => {
  const { warnings } = await deployed(`{ "${name}": 1 }`)
  expect(warnings).toEqual([expect.stringContaining(`"${name}" is not a setting cloudlet knows`)])
})
