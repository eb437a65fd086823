import { describe, expect, test } from 'vitest'
import { selectEnvironment, userSettingsFile } from '../../src/packages/environment.ts'
import { readSettings } from '../../src/packages/npmrc.ts'

/** As an .npmrc writes a variable of the environment. */
const variable = (name: string): string => `$\{${name}}`

describe('a function’s .npmrc', () => {
  test('says where packages come from', () => {
    const text = [
      '; comment',
      '# comment',
      '@a-b:registry = https://b.example/',
      'registry=https://a.example/',
      '//a.example/:_authToken=t0ken==',
      'legacy-peer-deps',
      'strict-ssl=false',
    ].join('\r\n')
    expect(readSettings(text)).toEqual({
      lines: [
        '//a.example/:_authToken=t0ken==',
        '@a-b:registry=https://b.example/',
        'legacy-peer-deps',
        'registry=https://a.example/',
        'strict-ssl=false',
      ],
      warnings: [],
    })
  })

  test.each([
    ...[
      'ignore-scripts=false',
      'script-shell=/bin/sh',
      'git=./evil',
      'prefix=/',
      'global=true',
      'cache=/tmp/x',
    ],
    ...[
      'userconfig=/etc/x',
      'node-options=--require x',
      '//a/:certfile=/etc/x',
      'cafile=/etc/x',
      'offline=true',
    ],
    ...[
      'loglevel=silent',
      'dry-run=true',
      'allow-git=all',
      '"git"=x',
      'git =x',
      '[x]\nregistry=https://a.example/',
    ],
  ])('and nothing of how npm works: %j', line => {
    expect(readSettings(line)).toEqual({ lines: [], warnings: [] })
  })

  test('is not followed to a registry that is no more, and that is told', () => {
    expect(readSettings('registry = https://registry.npm.taobao.org')).toEqual({
      lines: [],
      warnings: [
        expect.stringContaining('"registry" is https://registry.npm.taobao.org, which answers no more'),
      ],
    })
  })

  test('takes no variable of the host, and that is told', () => {
    const text = `registry=https://a.example/${variable('HOME')}\n//a/:_authToken=${variable('NPM_TOKEN')}`
    const { lines, warnings } = readSettings(text)
    expect(lines).toEqual([])
    expect(warnings).toEqual([
      expect.stringContaining('.npmrc: "registry" takes an environment variable'),
      expect.stringContaining('.npmrc: "//a/:_authToken" takes an environment variable'),
    ])
  })
})

describe('the environment of npm', () => {
  test('has what it needs, and nothing else', () => {
    const needed = {
      PATH: '/bin',
      HOME: '/home/x',
      https_proxy: 'http://proxy',
      NODE_EXTRA_CA_CERTS: '/ca',
      npm_config_registry: 'https://r',
      npm_config_https_proxy: 'http://p',
      NPM_CONFIG_USERCONFIG: '/rc',
      'npm_config_//r/:_authToken': 'x',
      NPM_TOKEN: 'token',
    }
    const others = {
      NODE_OPTIONS: '--require ./evil',
      AWS_SECRET_ACCESS_KEY: 's3cret',
      npm_config_ignore_scripts: 'false',
      npm_config_script_shell: '/bin/sh',
      npm_config_git: './evil',
      npm_config_global: 'true',
      npm_lifecycle_event: 'dev',
      OTHER: undefined,
    }
    const settings = `//r/:_authToken=${variable('NPM_TOKEN')}`
    expect(selectEnvironment({ ...needed, ...others }, settings)).toEqual(needed)
    const { NPM_TOKEN, ...without } = needed
    expect(selectEnvironment({ ...needed, ...others }, '')).toEqual(without)
  })

  test('names the user’s settings as npm does', () => {
    expect(userSettingsFile({ HOME: '/home/x' })).toBe('/home/x/.npmrc')
    expect(userSettingsFile({ HOME: '/home/x', NPM_config_userconfig: '/rc' })).toBe('/rc')
  })
})
