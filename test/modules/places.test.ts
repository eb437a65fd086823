import { transform } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FunctionHost, LIMITS } from '../../src/index.ts'

let host: FunctionHost
beforeEach(() => {
  host = new FunctionHost()
})
afterEach(() => host.close())

/** Where the mark `@@` stands in a text that then is without it: `file:line:column`. */
function unmark(file: string, marked: string): { readonly text: string; readonly place: string } {
  const before = marked.slice(0, marked.indexOf('@@')).split('\n')
  return {
    text: marked.replace('@@', ''),
    place: `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`,
  }
}

async function stackOf(files: Record<string, string>): Promise<string> {
  await host.deploy('f', { files })
  try {
    await host.invoke('f')
  } catch (error) {
    const { guest, guestStack } = error as { guest?: { stack: string }; guestStack?: string }
    return guest?.stack ?? guestStack ?? String(error)
  }
  return expect.unreachable('nothing was thrown')
}

const TYPED = `interface Long {
  a: string
}

type Other = Long & { b: number }

export const main = (event: Long): never => {
  const 地: Other = { a: '', b: 1 }; enumerate(地)
}
enum E { A, B }
function enumerate(value: Other): never {
  if (value.b === E.B) { throw @@new RangeError('typed') }
  throw 1
}`

describe('a stack names lines and columns of the file itself', () => {
  test.each(['index.ts', 'index.mts'])('TypeScript: %s', async name => {
    const { text, place } = unmark(`/var/user/${name}`, TYPED)
    const stack = await stackOf({ [name]: text })
    expect(stack.split('\n')).toEqual([
      'RangeError: typed',
      `    at enumerate (${place})`,
      expect.stringMatching(new RegExp(`^ {4}at main \\(/var/user/${name}:8:37\\)$`)),
    ])
  })

  test('an ES module, its top level, and one that waits', async () => {
    const plain = unmark('/var/user/a.mjs', "import './b.mjs'\n\n  throw @@new Error('top')")
    const waiting = unmark('/var/user/a.mjs', "import './b.mjs'\nawait 1\n  throw @@new Error('top')")
    for (const { text, place } of [plain, waiting]) {
      const stack = await stackOf({ 'index.mjs': "import './a.mjs'", 'a.mjs': text, 'b.mjs': '' })
      expect(stack.split('\n').slice(0, 2)).toEqual(['Error: top', `    at ${place}`])
      expect(stack).not.toMatch(/cloudlet|\$/)
    }
    await expect(host.invoke('f')).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file: 'a.mjs',
      line: 3,
      column: 9,
    })
  })

  test('what is imported and is not there has no place in the files before', async () => {
    const stack = await stackOf({ 'a.mjs': '', 'index.mjs': "import './a.mjs'\nimport 'none'" })
    expect(stack).toBe("Error: Cannot find package 'none' imported from /var/user/index.mjs")
  })

  test('CommonJS with import(…) keeps its columns', async () => {
    const { text, place } = unmark(
      '/var/user/index.js',
      "exports.main = async () => { await import('fs').catch(() => 1); throw @@new Error('x') }",
    )
    expect(await stackOf({ 'index.js': text })).toContain(`(${place})`)
  })

  test('files of packages, CommonJS and not, whatever they were made from', async () => {
    const made = await transform('const made: number = 1\n\n\nthrow new Error("made")', {
      loader: 'ts',
      sourcemap: 'inline',
      sourcefile: 'made.ts',
    })
    const common = unmark(
      '/var/user/node_modules/c/lib/a.js',
      "\n\nexports.run = () => { throw @@new Error('common') }",
    )
    const module = unmark(
      '/var/user/node_modules/m/src/m.mjs',
      "\n\nexport const run = () => { throw @@new Error('module') }",
    )
    const files = {
      'node_modules/c/package.json': '{"main": "lib/a"}',
      'node_modules/c/lib/a.js': common.text,
      'node_modules/m/package.json': '{"exports": "./src/m.mjs"}',
      'node_modules/m/src/m.mjs': module.text,
      'node_modules/made/index.js': made.code,
    }
    const call = (name: string) => ({ ...files, 'index.js': `exports.main = () => require('${name}').run()` })
    expect(await stackOf(call('c'))).toContain(`(${common.place})`)
    expect(await stackOf(call('m'))).toContain(`(${module.place})`)
    expect(await stackOf(call('made'))).toContain('(/var/user/node_modules/made/index.js:2:7)')
  })

  test('in logs, and as the function itself reads it', async () => {
    const { text, place } = unmark(
      '/var/user/index.ts',
      `type A = 1

export const main = () => { const error = @@new Error('read'); console.error(error); return error.stack }`,
    )
    await host.deploy('f', { files: { 'index.ts': text } })
    const { result, logs } = await host.invoke('f')
    expect(result).toContain(`at main (${place})`)
    expect(logs[0]?.message).toContain(`at main (${place})`)
  })
})

describe('source maps of a bundler', () => {
  const SOURCE = 'type A = string\n\n\nexports.main = (): never => {\n  throw new Error("bundled")\n}'
  const PLACE = 'main (/var/user/src/index.ts:5:9)'

  async function bundle(sourcefile: string): Promise<{ code: string; map: string }> {
    const { code, map } = await transform(SOURCE, {
      loader: 'ts',
      sourcemap: 'external',
      sourcefile,
      minify: true,
    })
    return { code: code.trimEnd(), map }
  }

  function link(map: string): string {
    return `//# sourceMappingURL=data:application/json;charset=utf-8;base64,${Buffer.from(map).toString('base64')}`
  }

  test('inline, and not in the heap', async () => {
    const { code, map } = await bundle('src/index.ts')
    expect(await stackOf({ 'index.js': `${code}\n${link(map)}\n` })).toContain(PLACE)
  })

  test('in a file beside it', async () => {
    const { code, map } = await bundle('../src/index.ts')
    const files = { 'dist/app.js': `${code}\n//# sourceMappingURL=app%2Ejs.map`, 'dist/app.js.map': map }
    expect(await stackOf({ 'package.json': '{"main": "dist/app.js"}', ...files })).toContain(PLACE)
  })

  test('of an ES module, and with import(…)', async () => {
    const { code, map } = await bundle('src/index.ts')
    const module = code.replace('exports.main=', 'export var main=')
    const shift = JSON.stringify({ ...JSON.parse(map), mappings: JSON.parse(map).mappings })
    expect(await stackOf({ 'index.mjs': `${module}\n${link(shift)}` })).toContain('/var/user/src/index.ts:5:')
    expect(await stackOf({ 'index.js': `${code};0&&import("x")\n${link(map)}` })).toContain(PLACE)
  })

  test('with a scheme, sections and a source root', async () => {
    const { code, map } = await bundle('index.ts')
    const parsed = JSON.parse(map)
    const named = JSON.stringify({ ...parsed, sources: ['webpack://app/./src/index.ts'] })
    expect(await stackOf({ 'index.js': `${code}\n${link(named)}` })).toContain(
      '(webpack://app/src/index.ts:5:9)',
    )
    const sections = JSON.stringify({
      version: 3,
      sections: [{ offset: { line: 0, column: 0 }, map: { ...parsed, sourceRoot: 'src' } }],
    })
    expect(await stackOf({ 'index.js': `${code}\n${link(sections)}` })).toContain(PLACE)
  })

  test.each([
    ['that is no JSON', link('{')],
    ['that is none', link('[]')],
    ['of nonsense', link('{"version":3,"sources":["a"],"mappings":7}')],
    [
      'of numbers that can’t be',
      link('{"version":3,"sources":["a"],"mappings":"D,+//////D+//////D+//////D"}'),
    ],
    ['that is not there', '//# sourceMappingURL=none.map'],
    ['that is not below', '//# sourceMappingURL=../../../etc/passwd'],
    ['that can’t be decoded', '//# sourceMappingURL=%zz'],
  ])('one %s changes nothing', async (_what, line) => {
    const { code } = await bundle('x')
    expect(await stackOf({ 'index.js': `${code}\n${line}` })).toMatch(/index\.js:1:\d+\)/)
  })
})

test.each([
  [LIMITS.sourceMapChars, 0],
  [LIMITS.sourceMapChars + 1, 1],
])('a source map of %i characters of mappings gives %i warnings', async (size, count) => {
  const mappings = 'AAAA'.padEnd(size, ';')
  const map = JSON.stringify({ version: 3, sources: ['a.ts'], mappings })
  const files = { 'index.js': 'throw new Error("x")\n//# sourceMappingURL=index.js.map', 'index.js.map': map }
  const { warnings } = await host.deploy('f', { files })
  expect(warnings).toHaveLength(count)
  if (count > 0) expect(warnings[0]).toMatch(/index\.js has more than 8388608 characters of mappings/)
  await expect(host.invoke('f')).rejects.toMatchObject({ file: count === 0 ? 'a.ts' : 'index.js', line: 1 })
})

describe('what does not parse or link is named by its place in the file', () => {
  const cases: readonly (readonly [what: string, file: string, marked: string, message: RegExp])[] = [
    ['TypeScript', 'index.ts', 'type A = 1\n\nconst 地 = 1; let x: number = @@;', /Unexpected ";"/],
    ['a module', 'index.mjs', '\n\nimport x from "y"; let a; let @@a', /already been declared/],
    ['its end', 'index.mjs', '\nexport const main = () => {@@', /end of file/],
    [
      'what only V8 sees',
      'index.ts',
      'type A = 1\n\n\nexport const main = () => @@/(/',
      /Invalid regular expression/,
    ],
    [
      'a name that is not exported',
      'index.mjs',
      '\n\n@@import { none } from "./a.mjs"',
      /'\.\/a\.mjs' does not provide an export named 'none'/,
    ],
    [
      'a name that CommonJS has not',
      'index.ts',
      'type A = 1\n\n@@import { none } from "./c.cjs"\nexport const main = () => none',
      /Named export 'none' not found/,
    ],
    [
      'JSON without its attribute',
      'index.mjs',
      '\n@@import json from "./data.json"',
      /TypeError: Module "file:\/\/\/var\/user\/data\.json" needs an import attribute of "type: json"/,
    ],
    [
      'a module by name that is CommonJS by type',
      'index.js',
      '@@import x from "y"',
      /import statement.*"type": "module"/,
    ],
    ['an await in CommonJS', 'index.js', '\n@@await 1', /await is only valid.*name the file \.mjs/],
    ['import defer', 'index.mjs', 'import defer * as x from "./a.mjs"', /Deferred imports are not available/],
  ]

  test.each(cases)('%s', async (_what, file, marked, message) => {
    const isMarked = marked.includes('@@')
    const { text, place } = unmark(file, isMarked ? marked : `@@${marked}`)
    const [, line, column] = place.split(':')
    const others = { 'a.mjs': 'export const a = 1', 'c.cjs': 'exports.c = 1', 'data.json': '{}' }
    const type = file.endsWith('.js') ? { 'package.json': '{"type": "commonjs"}' } : undefined
    await expect(host.deploy('f', { files: { [file]: text, ...others, ...type } })).rejects.toMatchObject({
      code: 'CLOUDLET_DEPLOY',
      file,
      message: expect.stringMatching(message),
      ...(isMarked ? { line: Number(line), column: Number(column) } : undefined),
    })
  })

  test('in a file that nothing reaches it waits', async () => {
    const files = {
      'index.mjs': `export const main = async () => { const seen = []
        for (const name of ['broken.ts', 'unlinked.mjs', 'json.mjs']) await import('./' + name).catch(e => seen.push([e.name, e.code, e.message]))
        return seen }`,
      'broken.ts': '\nlet x: = 1',
      'unlinked.mjs': "import { none } from './index.mjs'",
      'json.mjs': "import json from './data.json'",
      'data.json': '{}',
    }
    await host.deploy('f', { files })
    expect((await host.invoke('f')).result).toEqual(
      [
        ['SyntaxError', null, expect.stringMatching(/^\/var\/user\/broken\.ts:2:8: SyntaxError: /)],
        ['SyntaxError', null, expect.stringContaining("does not provide an export named 'none'")],
        ['TypeError', 'ERR_IMPORT_ATTRIBUTE_MISSING', expect.stringContaining('needs an import attribute')],
      ].map(([name, code, message]) => (code === null ? [name, null, message] : [name, code, message])),
    )
  })
})
