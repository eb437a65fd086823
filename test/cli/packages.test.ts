import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Registry } from '../packages/registry.ts'
import { DevProcess, makeFolder, runCommand, writeInto } from './command.ts'

let registry: Registry
let environment: Record<string, string>
beforeAll(async () => {
  registry = await Registry.start([
    { manifest: { name: 'leaf', version: '1.0.0' }, files: { 'index.js': "module.exports = 'leaf'" } },
  ])
  environment = { npm_config_registry: registry.url }
})
afterAll(() => registry.close())

const FUNCTION = {
  'functions/one/index.js': "exports.main = () => require('leaf')",
  'functions/one/package.json': '{"dependencies":{"leaf":"1.0.0"}}',
}

describe('packages', () => {
  test('are installed by dev, which tells of it, also when a function changes', async () => {
    const folder = await makeFolder({ ...FUNCTION, 'functions/two/index.js': 'exports.main = () => 2' })
    const dev = await DevProcess.ready([join(folder, 'functions')], { environment })
    expect(dev.output).toMatch(/^one: installing leaf …\none: leaf installed in \d+\.\d s\n/)
    const { stdout } = await runCommand(['invoke', 'one', '--url', dev.url])
    expect(stdout).toBe('"leaf"\n')
    await writeInto(folder, 'functions/two/package.json', '{"dependencies":{"leaf":"^1.0.0"}}')
    await dev.waitFor(/two: leaf installed in .*\n/)
    await writeInto(folder, 'functions/two/package.json', '{"dependencies":{"nope":"^1.0.0"}}')
    await dev.waitFor(/two not reloaded, .*"nope@\^1\.0\.0" is not in the registry/)
    expect(readdirSync(join(folder, 'functions', 'one')).sort()).toEqual(['index.js', 'package.json'])
  })

  test('being installed end with dev', async () => {
    const { asked } = registry.hold()
    const folder = await makeFolder(FUNCTION)
    const dev = new DevProcess(['--port', '0', join(folder, 'functions')], { environment })
    await asked
    expect(await dev.stop('SIGINT')).toEqual({ exitCode: 0, signalCode: null })
    expect(dev.output).toContain('SIGINT: nothing is served.')
    expect(readdirSync(join(folder, '.cloudlet', 'packages', 'sets'))).toEqual([])
    expect(readdirSync(join(folder, '.cloudlet', 'packages', 'drafts'))).toEqual([])
    registry.release()
  })

  test('are installed once by invoke --folder', async () => {
    const folder = await makeFolder(FUNCTION)
    const invoke = ['invoke', 'one', '--folder', join(folder, 'functions')]
    const first = await runCommand(invoke, { environment })
    expect(first).toMatchObject({ exitCode: 0, stdout: '"leaf"\n' })
    expect(first.stderr).toMatch(/^one: installing leaf …\none: leaf installed in .*\n$/)
    expect(await runCommand(invoke, { environment })).toEqual({ exitCode: 0, stdout: '"leaf"\n', stderr: '' })
    expect(readdirSync(join(folder, '.cloudlet'))).toEqual(['packages'])
  })

  test('are not installed with --install never, and --install has few values', async () => {
    const folder = await makeFolder(FUNCTION)
    const invoke = ['invoke', 'one', '--folder', join(folder, 'functions'), '--install']
    const never = await runCommand([...invoke, 'never'], { environment })
    expect(never.exitCode).toBe(1)
    expect(never.stderr).toContain("Cannot find module 'leaf'")
    expect(existsSync(join(folder, '.cloudlet'))).toBe(false)
    const sometimes = await runCommand([...invoke, 'sometimes'])
    expect(sometimes.exitCode).toBe(2)
    expect(sometimes.stderr).toContain('auto, offline, never')
    const remote = await runCommand(['invoke', 'one', '--install', 'never'])
    expect(remote).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--install goes with --folder'),
    })
  })
})
