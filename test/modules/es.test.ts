import { type Fixture, testSameAsNode } from './same-as-node.ts'

const PACK = 'node_modules/pack/package.json'

const fixtures: readonly Fixture[] = [
  [
    'live bindings, hoisted functions, and cycles between ES modules',
    {
      'index.mjs': `import { count, add, late } from './a.mjs'
        export const main = () => { const before = count; add(); return [before, count, late(), typeof late] }`,
      'a.mjs': `import { fromB, use } from './b.mjs'
        export let count = use; export function add() { count += fromB }
        export function hoisted() { return 40 }
        export const late = () => count`,
      'b.mjs': `import { hoisted } from './a.mjs'
        export const fromB = 2; export const use = hoisted()`,
    },
  ],
  [
    'a cycle reads too early',
    {
      'index.mjs': "import './a.mjs'; export const main = () => globalThis.seen",
      'a.mjs': "import './b.mjs'; export const value = 1",
      'b.mjs': "import { value } from './a.mjs'; try { value } catch (e) { globalThis.seen = e.name }",
    },
  ],
  [
    'modules run in the order of their imports, and once',
    {
      'index.mjs': `import './a.mjs'; import { x } from './c.mjs'; import './b.mjs'; import './a.mjs?again'
        export const main = () => globalThis.order.filter((name, index) => name !== 'a' || index === 0)`,
      'a.mjs': "(globalThis.order ??= []).push('a')",
      'b.mjs': "(globalThis.order ??= []).push('b')",
      'c.mjs': "import './d.cjs'; (globalThis.order ??= []).push('c'); export const x = 1",
      'd.cjs': "(globalThis.order ??= []).push('d')",
    },
  ],
  [
    'every form of import and export',
    {
      'index.mjs': `import all, { one as uno, two } from './a.mjs'
        import * as space from './a.mjs'
        import { "string name" as odd } from './a.mjs'
        import { one, renamed, nested, default as again } from './re.mjs'
        export { uno, two as deux } from './re2.mjs'
        export * as whole from './a.mjs'
        const shorthand = { one, two }
        export const main = () => [all(), uno, two, Object.keys(space), odd, one, renamed, Object.keys(nested), again(), shorthand,
          (() => { const two = 'inner'; return two })(), \`\${uno}\`, [...[one]], space[Symbol.toStringTag],
          Object.isExtensible(space), Object.getPrototypeOf(space), 'one' in space, typeof nothing]`,
      'a.mjs': `export const one = 1, two = 2; const s = 3; export { s as "string name" }
        export default function () { return 'default' }
        export class C {} ; export const { x, y: [z] } = { x: 1, y: [2] }`,
      're.mjs': `export * from './a.mjs'; export { two as renamed, default } from './a.mjs'; export * as nested from './a.mjs'`,
      're2.mjs': "import { one as uno, two } from './a.mjs'; export { uno, two }",
    },
  ],
  [
    'an imported name is called without this, and cannot be assigned',
    {
      'index.mjs': `import { self, value } from './a.mjs'
        export const main = () => [self(), self\`x\`, self?.(), (() => { try { value = 2 } catch (e) { return e.name } })()]`,
      'a.mjs': 'export function self() { return this === undefined }; export let value = 1',
    },
  ],
  [
    'two stars: the own name goes first, and what they have differently is nobody’s',
    {
      'index.mjs': "import * as all from './a.mjs'; export const main = () => ({ ...all })",
      'a.mjs': "export * from './b.mjs'; export * from './c.mjs'; export const own = 'a'",
      'b.mjs':
        "export const own = 'b', same = 1, onlyB = 2; export { shared } from './d.mjs'; export default 1",
      'c.mjs': "export const own = 'c', same = 2, onlyC = 3; export { shared } from './d.mjs'",
      'd.mjs': "export const shared = 'd'",
    },
  ],
  [
    'import.meta',
    {
      'index.mjs': `import { meta } from './lib/a b.mjs'
        export const main = () => [import.meta.url, import.meta.filename, import.meta.dirname, meta.url, meta.filename,
          import.meta.resolve('./lib/a%20b.mjs'), import.meta.resolve('pack'), import.meta.resolve('node:fs'), import.meta.resolve('fs'),
          typeof require, typeof module, typeof exports, typeof __filename, this === undefined]`,
      'lib/a b.mjs': 'export const meta = import.meta',
      [PACK]: '{"exports": {"import": "./i.mjs", "require": "./r.cjs"}}',
      'node_modules/pack/i.mjs': '',
      'names.mjs': "import 'pack'",
    },
  ],
  [
    'CommonJS has a default export and the names that are seen in it',
    {
      'index.mjs': `import whole, { a, b, reexported } from './c.cjs'
        import * as space from './c.cjs'
        import fn from './fn.cjs'
        import { named } from './marked.cjs'
        import marked from './marked.cjs'
        export const main = () => [whole === space.default, a, b, reexported, Object.keys(space), fn(), named, marked.default, 'hidden' in space]`,
      'c.cjs':
        "exports.a = 1; exports.b = 2; exports['hid' + 'den'] = 3; __export(require('./d.cjs')); function __export(m) { Object.assign(exports, m) }",
      'd.cjs': 'exports.reexported = 4',
      'fn.cjs': "module.exports = () => 'fn'",
      'marked.cjs':
        "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'd'; exports.named = 'n'",
    },
  ],
  [
    'require of an ES module',
    {
      'index.cjs': `const a = require('./a.mjs'), b = require('./b.mjs'), c = require('./c.mjs'), d = require('./d.mjs')
        exports.main = () => [Object.keys(a), a.x, Object.keys(b), b.default, b.__esModule, c, d.__esModule, require('./a.mjs') === a,
          require.cache[require.resolve('./a.mjs')].exports === a]`,
      'a.mjs': 'export const x = 1, y = 2',
      'b.mjs': 'export default 5; export const z = 1',
      'c.mjs': "export { whole as 'module.exports' }; const whole = 'instead'",
      'd.mjs': 'export const __esModule = 7; export default 1',
    },
  ],
  [
    'require and import of one module are one module',
    {
      'index.cjs': `exports.main = async () => [require('./a.mjs') === await import('./a.mjs'), (await import('./b.cjs')).default === require('./b.cjs'),
        globalThis.runs]`,
      'a.mjs': 'globalThis.runs = (globalThis.runs ?? 0) + 1; export const x = 1',
      'b.cjs': 'globalThis.runs = (globalThis.runs ?? 0) + 1; exports.x = 1',
    },
  ],
  [
    'dynamic import: literal, computed, of CommonJS, JSON, built-ins and by URL',
    {
      'index.js': `exports.main = async () => {
        const names = ['a', 'b']
        const some = await Promise.all(names.map(name => import('./lib/' + name + '.mjs')))
        const { default: json } = await import('./data.json', { with: { type: 'json' } })
        const path = await import('node:path')
        const url = await import(require('url').pathToFileURL(__dirname + '/lib/a.mjs').href)
        return [some.map(m => m.name), (await import('./c.cjs')).x, json, path.default === require('path'), path.join('a', 'b'), url === some[0],
          typeof import('./lib/a.mjs').then, (await import('pack')).how]
      }`,
      'lib/a.mjs': "export const name = 'a'",
      'lib/b.mjs': "export const name = 'b'",
      'c.cjs': 'exports.x = 1',
      'data.json': '{"json": true}',
      [PACK]: '{"exports": {"import": "./i.mjs", "require": "./r.cjs"}}',
      'node_modules/pack/i.mjs': "export const how = 'import'",
      'node_modules/pack/r.cjs': "exports.how = 'require'",
    },
  ],
  [
    'dynamic import in a word, a comment and a method of that name',
    {
      'index.js': `// import('./none.mjs')
        const text = "import('./none.mjs')"
        const object = { import: x => x, async 'import()'() {} }
        exports.main = async () => [text, object.import(1), (await import(/* here */ './a.mjs')).x, /import('x')/.test("importx")]`,
      'a.mjs': 'export const x = 1',
    },
  ],
  [
    'the same package by require and by import',
    {
      'index.mjs': `import { createRequire } from 'node:module'
        import { how, dep } from 'pack'
        import sub from 'pack/sub/deep'
        const require = createRequire(import.meta.url)
        export const main = () => [how, require('pack').how, dep, require('pack').dep, sub, require('pack/sub/deep'), require('./a.cjs'), require.resolve('pack')]`,
      'a.cjs': "module.exports = require('pack').how",
      [PACK]: `{"name": "pack", "exports": {
        ".": {"browser": "./none.js", "node": {"import": "./i.mjs", "require": "./r.cjs"}},
        "./sub/*": {"import": "./lib/*.mjs", "default": "./lib/*.cjs"}}}`,
      'node_modules/pack/i.mjs': "import d from 'dep'; export const how = 'import', dep = d",
      'node_modules/pack/r.cjs': "exports.how = 'require'; exports.dep = require('dep')",
      'node_modules/pack/lib/deep.mjs': "export default 'deep mjs'",
      'node_modules/pack/lib/deep.cjs': "module.exports = 'deep cjs'",
      'node_modules/dep/package.json':
        '{"type": "module", "exports": {"module-sync": "./sync.js", "default": "./d.cjs"}}',
      'node_modules/dep/sync.js':
        "export default 'sync'; export { x as 'module.exports' }; const x = 'sync as cjs'",
      'node_modules/dep/d.cjs': "module.exports = 'cjs'",
    },
  ],
  [
    'conditions: their order, nesting, arrays, null and patterns',
    {
      'index.mjs': `import * as all from './all.mjs'
        export const main = () => ({ ...all })`,
      'all.mjs': ['order', 'nested', 'array', 'star/a', 'star/special', 'star/deep/b']
        .map((name, index) => `import e${index} from 'pack/${name}'; export { e${index} as "${name}" }`)
        .join('\n'),
      [PACK]: `{"exports": {
        "./order": {"default": "./d.mjs", "import": "./i.mjs"},
        "./nested": {"require": "./d.mjs", "node": {"import": {"default": "./i.mjs"}}},
        "./array": ["not-valid", {"require": "./d.mjs"}, "./i.mjs"],
        "./star/*": "./star/*.mjs", "./star/special": "./i.mjs", "./star/deep/*": "./star/deep-*.mjs"}}`,
      'node_modules/pack/i.mjs': "export default 'i'",
      'node_modules/pack/d.mjs': "export default 'd'",
      'node_modules/pack/star/a.mjs': "export default 'star a'",
      'node_modules/pack/star/deep-b.mjs': "export default 'deep b'",
    },
  ],
  [
    '#imports and the package’s own name',
    {
      'package.json': `{"name": "own", "type": "module", "exports": {".": "./index.js", "./part": "./lib/part.js"},
        "imports": {"#lib/*": "./lib/*.js", "#dep": "dep", "#either": {"require": "./lib/r.cjs", "default": "./lib/part.js"}, "#path": "path"}}`,
      'index.js': `import part from '#lib/part'; import dep from '#dep'; import self from 'own/part'; import either from '#either'; import path from '#path'
        import { createRequire } from 'module'
        const computed = name => import(name)
        export const main = async () => [part, dep, self === part, either, createRequire(import.meta.url)('#either'), typeof path.join,
          (await computed('#lib/' + 'part')).default, (await computed('own' + '/part')).default, (await computed('#' + 'dep')).default, typeof (await computed('#' + 'path')).join]`,
      'lib/part.js': "export default 'part'",
      'lib/r.cjs': "module.exports = 'by require'",
      'node_modules/dep/index.js': "module.exports = 'dep'",
    },
  ],
  [
    'what a file is: extensions, type in package.json, and syntax',
    {
      'index.js': `exports.main = async () => [require('./typed/a.js').kind, require('./typed/b.cjs').kind, require('./common/a.js').kind,
        require('./syntax.js').kind, require('pack').kind, (await import('./syntax.js')).kind, require('./empty.mjs')[Symbol.toStringTag]]`,
      'typed/package.json': '{"type": "module"}',
      'typed/a.js': "export const kind = 'module by type'",
      'typed/b.cjs': "exports.kind = 'common by extension'",
      'common/package.json': '{"type": "commonjs"}',
      'common/a.js': "exports.kind = 'common by type'",
      'syntax.js': "export const kind = 'module by syntax'",
      'empty.mjs': '',
      [PACK]: '{"main": "./m.js"}',
      'node_modules/pack/m.js': "export const kind = 'package by syntax'",
    },
  ],
  [
    'an await at the top level, in order',
    {
      'index.mjs': `import { a } from './a.mjs'; import { b } from './b.mjs'; import { sync } from './sync.mjs'
        const own = await Promise.resolve('own')
        for await (const x of [Promise.resolve(1), 2]) globalThis.log.push(x)
        globalThis.log.push('index')
        export const main = () => [a, b, sync, own, globalThis.log]`,
      'a.mjs': `globalThis.log = ['a starts']; await new Promise(r => setTimeout(r, 20)); globalThis.log.push('a'); export const a = 'A'`,
      'b.mjs': "globalThis.log.push('b starts'); await null; globalThis.log.push('b'); export const b = 'B'",
      'sync.mjs':
        "import { a } from './a.mjs'; globalThis.log.push('sync after ' + a); export const sync = a + '!'",
    },
  ],
  [
    'an await in a cycle, and in what is imported later',
    {
      'index.mjs': `import './a.mjs'
        export const main = async () => { const { x } = await import('./later.mjs'); return [globalThis.log, x] }`,
      'a.mjs':
        "import './b.mjs'; (globalThis.log ??= []).push('a'); await null; globalThis.log.push('a ends'); export const a = 1",
      'b.mjs':
        "import './a.mjs'; (globalThis.log ??= []).push('b'); await null; globalThis.log.push('b ends')",
      'later.mjs': "export const x = await new Promise(r => setTimeout(() => r('later'), 5))",
    },
  ],
  ...(
    [
      ["import './a.mjs'", "await import('./x.mjs')"],
      [
        'dynamic import of a module that throws, twice',
        "[await import('./throws.mjs').catch(e => e.message), await import('./throws.mjs').catch(e => e.message), globalThis.thrown]",
      ],
      ['dynamic import of JSON without its attribute', "await import('./data.json')"],
      [
        'dynamic import of JSON with its attribute',
        "(await import('./data.json', { with: { type: 'json' } })).default",
      ],
      ['dynamic import of no JSON with the attribute', "await import('./x.mjs', { with: { type: 'json' } })"],
      ['dynamic import of a missing file', "await import('./none.mjs')"],
      ['dynamic import without the extension', "await import('./x')"],
      ['dynamic import of a folder', "await import('./lib')"],
      ['dynamic import of a missing package', "await import('none/sub')"],
      ['dynamic import of a missing built-in', "await import('node:none')"],
      ['dynamic import of what a package hides', "await import('pack/hidden')"],
      ['dynamic import of a package without main export', "await import('pack')"],
      ['dynamic import of a bad name', "await import('.%2f')"],
      ['an internal name that means a URL', "await import('#url')"],
      ['dynamic import of an undefined internal name', "await import('#none')"],
      ['computed import of a missing file', "await import('./no' + 'ne.mjs')"],
      ['computed import of a missing package', "await import('no' + 'ne')"],
      ['require of a module that awaits', "require('./awaits.mjs')"],
    ] as const
  ).map(
    ([what, code]): Fixture => [
      what,
      {
        'index.cjs': `exports.main = async () => { return ${code} }`,
        'package.json': '{"imports": {"#a": "./x.mjs", "#url": "node:fs"}}',
        'x.mjs': 'export const x = 1',
        'throws.mjs': "globalThis.thrown = (globalThis.thrown ?? 0) + 1; throw new Error('at the top level')",
        'awaits.mjs': 'export const x = await 1',
        'data.json': '{"json": true}',
        'lib/index.mjs': '',
        [PACK]: '{"exports": {"./open": "./open.mjs"}}',
        'node_modules/pack/open.mjs': '',
        'node_modules/pack/hidden.mjs': '',
      },
    ],
  ),
  [
    'require of an ES module in the middle of its own run',
    {
      'index.mjs': "import { caught } from './a.mjs'; export const main = () => caught",
      'a.mjs': "import c from './b.cjs'; export const caught = c.caught",
      'b.cjs': "try { require('./a.mjs') } catch (e) { exports.caught = [e.name, e.code] }",
    },
  ],
  [
    'CommonJS that is imported is in the cache, without a parent',
    {
      'index.mjs': `import a from './a.cjs'
        export const main = () => [a.parent === undefined, a.id === a.filename, a.main === undefined, a.children, a.cached]`,
      'a.cjs':
        'module.exports = { parent: module.parent, id: module.id, filename: module.filename, main: require.main, children: module.children, cached: __filename in require.cache }',
    },
  ],
  [
    'the names of a built-in',
    {
      'index.mjs': `import { join, default as path } from 'path'; import * as space from 'node:path'; import util, { format } from 'node:util'
        export const main = () => [join('a', 'b'), path === space.default, 'sep' in space, format('%s', 1), util.format === format]`,
    },
  ],
  [
    'strict mode',
    {
      'index.mjs': `export const main = () => { const seen = []; try { undeclared = 1 } catch (e) { seen.push(e.name) }
        seen.push((function () { return this === undefined })()); return seen }`,
    },
  ],
]

testSameAsNode(fixtures)
