/**
 * Takes the JavaScript part of Node's own library out of the Node that builds, the one package.json pins, and writes
 * what functions may load of it as one text (src/node/library.ts reads it). Development only.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'
import { NODE_MODULES } from '../protocol/node-modules.ts'

/** What has no use in a function: parts of the process, of development, and of what an override replaces. */
const LEFT_OUT =
  /^internal\/(?:bench_runner|bootstrap|child_process|cluster|debugger|deps\/(?!minimatch|undici)|dgram|ffi|heap_utils|http2|inspector|main|modules|quic|repl(?!\/history)|source_map|test|test_runner|trace_events|v8|vfs|vm|watch_mode|worker|wasm)|^(?:child_process|cluster|dgram|ffi|http2|inspector|module|quic|repl|sea|sqlite|test|trace_events|v8|vfs|vm|wasi|worker_threads)\b|^node:/

/** What functions may require, from which everything else is reached, and what is asked for by name besides. */
const ROOTS: readonly string[] = [
  ...NODE_MODULES.filter(name => !LEFT_OUT.test(name)),
  'binding/constants',
  'binding/http2',
  'binding/http_parser',
  'binding/uv',
  'console',
  'internal/crypto/webcrypto',
  'internal/deps/undici/undici',
  'internal/per_context/domexception',
  'internal/per_context/messageport',
  'internal/per_context/primordials',
  'internal/process/per_thread',
  'stream/iter',
  'zlib/iter',
]

/** Some are named where they are to be loaded later. */
const REQUIRE = /\brequire\('(?<name>[\w/-]+)'\)|'(?<later>internal\/[\w/-]+)'/g

/** Writes `node-library.txt` and Node's licence into `folder`. Returns the text's size in bytes. */
export async function writeNodeLibrary(folder: string): Promise<number> {
  const sources = readSources()
  const names = collect(sources)
  sources[PRIMORDIALS] = prunePrimordials(sources, names)
  sources[ERRORS] = deferErrorClasses(sources[ERRORS] as string)
  const index: Record<string, [start: number, end: number]> = {}
  let text = ''
  for (const name of names) {
    const start = text.length
    text += await write(name, sources[name] as string | object)
    index[name] = [start, text.length]
  }
  const whole = `${JSON.stringify(index)}\n${text}`
  writeFileSync(join(folder, 'node-library.txt'), whole)
  copyFileSync(licencePath(), join(folder, 'node-library.LICENSE.txt'))
  return whole.length
}

/** Constants of Node's own bindings, as modules that are one object. */
const CONSTANTS = `const constants = internalBinding('constants')
const uv = internalBinding('uv')
natives['binding/constants'] = constants
const {methods, allMethods} = internalBinding('http_parser')
natives['binding/http_parser'] = {methods, allMethods}
natives['binding/http2'] = require('http2').constants
natives.names = Object.getOwnPropertyNames(require('internal/test/binding').primordials)
natives['binding/uv'] = {names: Object.fromEntries(Object.entries(uv).filter(([, value]) => typeof value === 'number')), errors: [...uv.getErrorMap()]}`

/** Modules as their sources, bindings' constants as they are. */
function readSources(): Record<string, string | object> {
  const pinned = JSON.parse(readFileSync('package.json', 'utf8')).devDependencies.node
  if (process.versions.node !== pinned) {
    throw new Error(
      `The build takes Node's library from Node ${pinned}, but runs on ${process.versions.node}.`,
    )
  }
  const script = `const {internalBinding} = require('internal/test/binding')
const natives = {...internalBinding('builtins').natives}
${CONSTANTS}
process.stdout.write(JSON.stringify(natives))`
  const text = execFileSync(process.execPath, ['--expose-internals', '-e', script], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    // Of a warning that these are internals.
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return JSON.parse(text)
}

/** The roots and all they require, however late. */
function collect(sources: Readonly<Record<string, string | object>>): string[] {
  const names = new Set(ROOTS)
  for (const name of names) {
    const source = sources[name]
    if (typeof source === 'object') continue
    if (source === undefined) throw new Error(`Node ${process.versions.node} has no module "${name}".`)
    for (const { groups } of source.matchAll(REQUIRE)) {
      const required = groups?.name ?? groups?.later
      if (required !== undefined && sources[required] !== undefined && !LEFT_OUT.test(required))
        names.add(required)
    }
  }
  return [...names].sort()
}

const PRIMORDIALS = 'internal/per_context/primordials'
const DEFINE = 'ReflectDefineProperty(dest, '

/** Node keeps a copy of every built-in: here, of those its modules name. The others take 300 KB of each isolate. */
function prunePrimordials(
  sources: Readonly<Record<string, string | object>>,
  names: readonly string[],
): string {
  const source = sources[PRIMORDIALS] as string
  const start = "'use strict';"
  if (!source.startsWith(start) || !source.includes(DEFINE))
    throw new Error(`Node's ${PRIMORDIALS} has changed.`)
  const words = new Set<string>()
  for (const name of names) for (const [word] of String(sources[name]).matchAll(/\w+/g)) words.add(word)
  const used = (sources.names as string[]).filter(name => words.has(name))
  const table = used.map(name => `${name}: 1`).join()
  const define = `let used = { __proto__: null, ${table} }
const defineUsed = (dest, name, descriptor) => used[name] === 1 && ReflectDefineProperty(dest, name, descriptor)
`
  const body = source.slice(start.length).replaceAll(DEFINE, 'defineUsed(dest, ')
  // Functions it leaves would keep the table.
  return `${start}${define}${body}\nused = undefined\n`
}

const ERRORS = 'internal/errors'

/**
 * What Node says of each of its 300 error codes takes half a megabyte of each isolate, and most are never thrown: a code's
 * class, message and the functions that write it are made when it is first asked for.
 */
function deferErrorClasses(source: string): string {
  const codes = 'const codes = {};\n'
  const made = '  codes[sym] = ErrClass;\n'
  const first = source.search(/^E\(/m)
  const definitions = source
    .slice(first)
    .replace(/^E\((?=\s*'(\w+)')/gm, (_, code) => `break; case '${code}': E(`)
  const others = definitions.replace(/^(?:break; case |[ )}/]).*$/gm, '').trim()
  if (first < 0 || others !== '' || !source.includes(codes) || !source.includes(made))
    throw new Error(`Node's ${ERRORS} has changed.`)
  const deferred = `const made = { __proto__: null };
const codes = new primordials.Proxy(made, { __proto__: null, get: (_, code) => made[code] ?? (define(code), made[code]) });
`
  return `${source
    .slice(0, first)
    .replace(codes, () => deferred)
    .replace(made, () => '  made[sym] = ErrClass;\n')}
function define(code) { switch (code) { default: ${definitions} } }
`
}

function write(name: string, source: string | object): Promise<string> | string {
  return typeof source === 'string' ? minify(name, source) : `(function(){return ${literal(source)}})\n`
}

/** Objects have no prototype, as in Node: V8 keeps them as tables, and no map for each property. */
function literal(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, field]) => `,${JSON.stringify(name)}:${literal(field)}`)
  return `{__proto__:null${fields.join('')}}`
}

/** Classes of these have the name of a variable around them, which esbuild would tell apart by a number. */
const NAMED: ReadonlySet<string> = new Set(['internal/crypto/keys', 'internal/crypto/x509'])

/** A function expression whose stack frames are the runtime's. Names stay: programs see them. */
async function minify(name: string, source: string): Promise<string> {
  const parameters = name.startsWith('internal/per_context/')
    ? 'exports,primordials,privateSymbols,perIsolateSymbols'
    : 'exports,require,module,process,internalBinding,primordials'
  const wrapped = `(function(${parameters}){${source}\n})`
  const { code } = await transform(wrapped, {
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'ascii',
    keepNames: NAMED.has(name),
  })
  const start = code.indexOf('(function')
  // What esbuild puts before it to keep names is no global's.
  const helped = start > 0 ? `(()=>{${code.slice(0, start)}return ${code.slice(start)}})()` : code
  return `${helped.trimEnd()}\n//# sourceURL=cloudlet:runtime/node/${name}\n`
}

function licencePath(): string {
  for (let folder = dirname(process.execPath); ; folder = dirname(folder)) {
    const path = join(folder, 'LICENSE')
    if (existsSync(path)) return path
    if (folder === dirname(folder)) throw new Error(`No LICENSE of Node's above ${process.execPath}.`)
  }
}
