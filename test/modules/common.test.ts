import { type Fixture, testSameAsNode } from './same-as-node.ts'

const PACK = 'node_modules/pack/package.json'

const fixtures: readonly Fixture[] = [
  [
    'files, folders and JSON, with and without extension',
    {
      'index.js': `exports.main = () => [require('./a'), require('./a.js'), require('./data'), require('./lib'),
        require('./lib/'), require('./deep/main'), require('.' + '/a'), require('./both'), require('./both/')]`,
      'a.js': "module.exports = 'a'",
      'data.json': '{"json": 1}',
      'lib/index.js': "module.exports = 'lib'",
      'deep/main/package.json': '{"main": "./src"}',
      'deep/main/src/index.js': "module.exports = 'main of deep'",
      'both.js': "module.exports = 'file'",
      'both/index.js': "module.exports = 'folder'",
    },
  ],
  [
    'the folder above by its name',
    {
      'index.js': "exports.main = () => require('./lib/b').up()",
      'here.js': '',
      'lib/b.js': "exports.up = () => [require('..').own, require('.'), require('./')]",
      'lib/index.js': "module.exports = 'index of lib'",
      'index.json': '{}',
    },
  ],
  [
    'a cycle sees what is there',
    {
      'index.js': "const a = require('./a'); exports.main = () => [a.done, a.b.seen]",
      'a.js': "exports.early = 1; exports.b = require('./b'); exports.done = true",
      'b.js': "exports.seen = { ...require('./a') }",
    },
  ],
  [
    'a module is evaluated once, and again when it is taken from the cache',
    {
      'index.js': `globalThis.count = 0
        exports.main = () => {
          const first = require('./a'), again = require('./a')
          const key = require.resolve('./a')
          const had = key in require.cache && require.cache[key].exports === first
          delete require.cache[key]
          const anew = require('./a')
          return [first === again, anew === first, had, anew.count]
        }`,
      'a.js': 'exports.count = ++globalThis.count',
    },
  ],
  [
    'what is put in the cache is found there',
    {
      'index.js': `exports.main = () => {
        const key = require.resolve('./a')
        require.cache[key] = { exports: 'mine', loaded: true, id: key }
        return require('./a')
      }`,
      'a.js': "module.exports = 'own'",
    },
  ],
  [
    'a module that throws is tried again',
    {
      'index.js': `globalThis.tries = 0
        exports.main = () => [1, 2].map(() => { try { return require('./a') } catch (e) { return e.message } })`,
      'a.js': "if (++globalThis.tries === 1) throw new Error('once'); module.exports = globalThis.tries",
    },
  ],
  [
    'module and what it knows of itself and others',
    {
      'index.js': `const lib = require('./lib/a')
        require('./lib/b')
        exports.main = () => ({
          id: lib.module.id, filename: lib.module.filename, path: lib.module.path, loaded: lib.module.loaded,
          loadedThen: lib.loadedThen, parentId: lib.module.parent === module, children: lib.module.children.map(c => c.id),
          mine: module.children.map(child => child.filename), first: module.children[0] === lib.module,
          paths: lib.module.paths.slice(0, 2),
          same: lib.module.require('./b') === require('./lib/b'), own: Object.hasOwn(lib.module, 'require'),
          exports: lib.module.exports === lib, self: lib.self,
        })`,
      'lib/a.js':
        "exports.module = module; exports.loadedThen = module.loaded; exports.self = this === exports; require('./b')",
      'lib/b.js': 'exports.b = 1',
    },
  ],
  [
    'a child counts once, and with its first parent',
    {
      'index.js': `const a = require('./a'), b = require('./b')
        exports.main = () => [b.parent === module, a.children.length, module.children.length]`,
      'a.js': "require('./b'); require('./b'); module.exports = module",
      'b.js': 'module.exports = module',
    },
  ],
  [
    'require.resolve, with its paths',
    {
      'index.js': `exports.main = () => [
        require.resolve('./lib'), require.resolve('pack'), require.resolve('pack/x'), require.resolve('fs'),
        require.resolve('node:fs'), require.resolve('deep', { paths: [__dirname + '/lib'] }),
        require.resolve.paths('fs'), require.resolve.paths('./x'), require.resolve.paths('pack')[0],
        (() => { try { require.resolve('none', { paths: [__dirname] }) } catch (e) { return e.code } })(),
      ]`,
      'lib/index.js': "require('deep')",
      'lib/node_modules/deep/index.js': '',
      [PACK]: '{"main": "m.js"}',
      'node_modules/pack/m.js': '',
      'node_modules/pack/x.js': '',
    },
  ],
  [
    'packages: main without extension, main that is a folder, no main, a main that is missing',
    {
      'index.js':
        "exports.main = () => ['a', 'b', 'c', 'd', '@s/e', '@s/e/lib/f'].map(name => require(name))",
      'node_modules/a/package.json': '{"main": "lib/main"}',
      'node_modules/a/lib/main.js': "module.exports = 'a'",
      'node_modules/b/package.json': '{"main": "lib"}',
      'node_modules/b/lib/index.js': "module.exports = 'b'",
      'node_modules/c/index.js': "module.exports = 'c'",
      'node_modules/d/package.json': '{"main": "gone.js"}',
      'node_modules/d/index.js': "module.exports = 'd'",
      'node_modules/@s/e/index.json': '{"e": true}',
      'node_modules/@s/e/lib/f.js': "module.exports = 'f'",
      'names.js':
        "require('a'), require('b'), require('c'), require('d'), require('@s/e'), require('@s/e/lib/f')",
    },
  ],
  [
    'the nearest node_modules goes first',
    {
      'index.js': "exports.main = () => [require('p'), require('./lib/x'), require('q')]",
      'lib/x.js': "module.exports = [require('p'), require('q')]",
      'node_modules/p/index.js': "module.exports = 'outer p'",
      'lib/node_modules/p/index.js': "module.exports = 'inner p'",
      'node_modules/q/index.js': "module.exports = ['q', require('p')]",
      'node_modules/q/node_modules/p/index.js': "module.exports = 'p of q'",
    },
  ],
  [
    'a package that computes the name of one it works with',
    {
      'index.js':
        "exports.main = () => ['driver', '@scope/driver', 'missing'].map(name => require('model').load(name))",
      'node_modules/model/package.json':
        '{"peerDependenciesMeta": {"driver": {"optional": true}, "missing": {}}, "optionalDependencies": {"@scope/driver": "1"}}',
      'node_modules/model/index.js': `exports.load = name => { try { return require(name) } catch (error) { return error.code } }`,
      'node_modules/driver/index.js': "module.exports = require('./lib')",
      'node_modules/driver/lib.js': "module.exports = 'the driver'",
      'node_modules/@scope/driver/index.js': "module.exports = 'the scoped driver'",
    },
  ],
  [
    'a package whose requires are computed, from its own main',
    {
      'index.js': "exports.main = () => require('pack')('zh')",
      [PACK]: '{"main": "./lib"}',
      'node_modules/pack/lib/index.js':
        "module.exports = lang => [require('./locale/' + lang), require('../parts/' + lang), require('..').name, require('dep' + '')]",
      'node_modules/pack/lib/locale/zh.js': "module.exports = 'zh'",
      'node_modules/pack/parts/zh/package.json': '{"main": "./src/part"}',
      'node_modules/pack/parts/zh/src/part.js': "module.exports = 'part'",
      'node_modules/pack/package-lock.json': '{}',
      'node_modules/dep/package.json': '{"exports": {"require": "./r.js", "default": "./d.js"}}',
      'node_modules/dep/r.js': "module.exports = 'dep by require'",
      'node_modules/dep/d.js': "module.exports = 'dep'",
      'names.js': "require('dep')",
    },
  ],
  [
    'createRequire, isBuiltin and other parts of module',
    {
      'index.js': `const Module = require('node:module')
        exports.main = () => {
          const there = Module.createRequire(__dirname + '/lib/any.js')
          return [there('./a'), Module.createRequire('file://' + __dirname + '/lib/')('./a'), there.resolve('./a'),
            Module.isBuiltin('fs'), Module.isBuiltin('node:fs'), Module.isBuiltin('none'), Module.builtinModules.includes('path'),
            module instanceof Module, module.constructor === Module, Module.Module === Module, require('module') === Module,
            Module._resolveFilename('./lib/a', module), Module._load('./lib/a', module), Module._cache === require.cache,
            Object.keys(Module._extensions).slice(0, 3), Module.wrap('x'),
            (() => { try { Module.createRequire('relative') } catch (e) { return [e.code, e.message] } })()]
        }`,
      'lib/a.js': "module.exports = 'a of lib'",
    },
  ],
  ...[
    "require('./none')",
    "require('none')",
    "require('none/sub')",
    "require('')",
    "require('node:none')",
    "require('./lib')",
    "require('pack/hidden')",
    "require('pack/blocked')",
    "require('pack')",
    "require('#none')",
    "require('./broken.json')",
    "require('half')",
  ].map(
    (call): Fixture => [
      `the error of ${call}`,
      {
        'index.js': `exports.main = () => ${call}`,
        'package.json': '{"imports": {"#some": "./a.js"}}',
        'lib/readme.md': '',
        [PACK]: '{"exports": {"./open": "./open.js", "./blocked": null}}',
        'node_modules/pack/open.js': '',
        'node_modules/pack/hidden.js': '',
        'node_modules/half/package.json': '{"exports": {"import": "./x.mjs"}}',
        'node_modules/half/x.mjs': '',
        'broken.json': '{"a": }',
      },
    ],
  ),
  [
    'the stack of requires that led to what is missing',
    {
      'index.js':
        "exports.main = () => { try { require('./a') } catch (e) { return [e.code, e.requireStack] } }",
      'a.js': "require('./b')",
      'b.js': "require('./none')",
    },
  ],
]

testSameAsNode(fixtures)
