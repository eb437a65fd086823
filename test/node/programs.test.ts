import { describe } from 'vitest'
import { testSame } from './same.ts'

describe('buffer', () => {
  testSame({
    'from texts in every encoding': `return ['utf8','utf-8','hex','base64','base64url','latin1','binary','ascii','ucs2','utf16le'].map(e =>
      [e, Buffer.from('aGk/+_-é€ 00ff zz', e).toString('hex')])`,
    'to texts in every encoding': `const b = Buffer.from([0, 1, 127, 128, 200, 255, 65, 66, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0x80, 0xc0])
      return ['utf8','hex','base64','base64url','latin1','ascii','utf16le'].map(e => [e, b.toString(e), b.toString(e, 3), b.toString(e, 2, 9)])`,
    'numbers are written and read': `const b = Buffer.alloc(64); let at = 0
      at = b.writeUInt8(200, at); at = b.writeInt16BE(-3, at); at = b.writeUInt32LE(4e9, at); at = b.writeDoubleBE(1.5, at)
      at = b.writeBigInt64LE(-5n, at); at = b.writeIntLE(-123456, at, 6); at = b.writeFloatLE(0.1, at)
      return [b.toString('hex'), b.readIntLE(23, 6), b.readBigInt64LE(15), b.readFloatLE(29)]`,
    'a number out of range': `Buffer.alloc(4).writeUInt8(256, 0)`,
    'an offset out of range': `Buffer.alloc(4).readUInt32LE(1)`,
    'an unknown encoding': `Buffer.from('a', 'klingon')`,
    'a wrong argument': `Buffer.from(5)`,
    'an invalid size': `Buffer.alloc(-1)`,
    'concat, compare, equals': `const a = Buffer.from('ab'), b = Buffer.from('abc')
      return [Buffer.concat([a, b], 4).toString(), a.compare(b), Buffer.compare(b, a), a.equals(Buffer.from('ab')), b.compare(a, 0, 1, 1, 2)]`,
    search: `const b = Buffer.from('abcabcé€abc')
      return [b.indexOf('abc', 1), b.lastIndexOf('abc'), b.indexOf('€'), b.indexOf(0x62), b.includes('zz'), b.indexOf(Buffer.from('cé')),
        b.lastIndexOf('abc', -5), b.indexOf('', 4), b.lastIndexOf('', 99), b.indexOf('abc', -3), b.indexOf('a', NaN), b.indexOf('6263', 0, 'hex')]`,
    'search in UTF-16': `const b = Buffer.from('hallo welt', 'utf16le'); return [b.indexOf('l', 0, 'utf16le'), b.indexOf('welt', 3, 'ucs2'), b.lastIndexOf('l', undefined, 'utf16le')]`,
    fill: `return [Buffer.alloc(7, 'abc').toString(), Buffer.alloc(5, 'é').toString('hex'), Buffer.alloc(4).fill(257).toString('hex'),
      Buffer.alloc(6).fill('ff', 1, 5, 'hex').toString('hex'), Buffer.alloc(5, Buffer.from('xy')).toString()]`,
    'fill with nothing': `Buffer.alloc(5).fill('zz', 0, 5, 'hex')`,
    'write what fits': `const b = Buffer.alloc(5); return [b.write('aé€', 1), b.toString('hex'), b.write('ab', 4), b.write('616', 'hex'), b.toString('hex'), Buffer.byteLength('aé€😀\\ud800'), Buffer.byteLength('YWI=', 'base64')]`,
    'slices share memory': `const b = Buffer.from('hello'); b.subarray(1, 3).fill('x'); b.slice(-1)[0] = 33; return b.toString()`,
    swap: `return [Buffer.from('abcd').swap16().toString(), Buffer.from('abcdefgh').swap32().toString(), Buffer.from('abcdefgh').swap64().toString()]`,
    'swap of an odd length': `Buffer.from('abc').swap16()`,
    'JSON and inspect': `const util = require('util'); const b = Buffer.from('hé'); b.extra = 1
      return [JSON.stringify(Buffer.from('hi')), util.inspect(b), util.inspect(Buffer.alloc(60))]`,
    'iteration and copies': `const b = Buffer.from('abc'); const c = Buffer.alloc(4); return [[...b.entries()], b.copy(c, 1, 1), c.toString('hex'), b.at(-1), Buffer.isBuffer(c), Buffer.isEncoding('HEX')]`,
    'base64 leniently': `return ['YQ', 'YQ==', 'Y Q = =', 'YQ==YQ==', 'YWJj\\nZGVm', '-_-_', '====', 'a', ''].map(t => Buffer.from(t, 'base64').toString('hex'))`,
    'atob and btoa': `return [btoa('hé'), atob(' aGk= '), atob('aGk')]`,
    'atob of what is none': `atob('a')`,
    'btoa of what is none': `btoa('€')`,
    'isUtf8 and isAscii': `const { isUtf8, isAscii } = require('buffer'); return [isUtf8(Buffer.from('é')), isUtf8(Buffer.from([0xc3])), isAscii(Buffer.from('a')), isAscii(Buffer.from('é'))]`,
    'malformed UTF-8': `return ['c0af', 'e08080', 'eda080', 'f4908080', 'f0808080', 'ff61fe', 'e282', 'f09f98', '80', 'c3c3a9', 'e2e282ac'].map(h => Buffer.from(h, 'hex').toString())`,
    'read past the end of a pool': `return Buffer.from(new Uint8Array(Buffer.from('abc')).buffer, 1, 1).toString()`,
  })
})

describe('string_decoder', () => {
  testSame({
    'characters torn apart': `const { StringDecoder } = require('string_decoder')
      return ['utf8', 'utf16le', 'base64', 'hex', 'latin1', 'base64url'].map(e => {
        const d = new StringDecoder(e); const out = []
        for (const byte of Buffer.from('a€😀é\\ud83d')) out.push(d.write(Buffer.from([byte])))
        out.push(d.end()); return [e, out.join('|')] })`,
    'an end in the middle': `const { StringDecoder } = require('string_decoder'); const d = new StringDecoder('utf8')
      return [d.write(Buffer.from([0xf0, 0x9f])), d.end(Buffer.from([0x98])), d.end(), d.write(Buffer.from('ok'))]`,
    'UTF-16 surrogates': `const { StringDecoder } = require('string_decoder'); const d = new StringDecoder('utf16le')
      return [d.write(Buffer.from('3dd8', 'hex')), d.write(Buffer.from('4d', 'hex')), d.write(Buffer.from('dc', 'hex')), d.write(Buffer.from('61', 'hex')), d.end()]`,
    'what it tells': `const { StringDecoder } = require('string_decoder'); const d = new StringDecoder(); d.write(Buffer.from([0xe2, 0x82])); return [d.encoding, d.lastNeed, d.lastTotal]`,
    'an unknown encoding': `new (require('string_decoder').StringDecoder)('x')`,
  })
})

describe('events', () => {
  testSame({
    'order, once, prepend, remove': `const E = require('events'); const e = new E(); const seen = []
      e.on('a', x => seen.push(1, x)); e.once('a', () => seen.push(2)); e.prependListener('a', () => seen.push(0))
      e.emit('a', 'x'); e.emit('a', 'y'); e.removeAllListeners('a'); return [seen, e.emit('a'), e.eventNames(), E.defaultMaxListeners]`,
    'an error nobody hears': `new (require('events'))().emit('error', new TypeError('boom'))`,
    'an error that is none': `new (require('events'))().emit('error', { a: 1 })`,
    'once and on as promises': `const E = require('events'); const { once, on } = E; const e = new E()
      setTimeout(() => { e.emit('x', 1, 2); e.emit('y', 1); e.emit('y', 2) }, 2)
      const first = await once(e, 'x').then(v => v); const got = []
      const later = (async () => { for await (const [v] of on(e, 'z')) { got.push(v); if (v === 2) return } })()
      e.emit('z', 1); e.emit('z', 2); await later; return [first, got]`,
    'a bad listener': `new (require('events'))().on('a', 5)`,
    'captured rejections': `const E = require('events'); const e = new E({ captureRejections: true })
      e.on('a', async () => { throw new Error('late') }); const p = new Promise(r => e.on('error', r)); e.emit('a'); return (await p).message`,
    'EventTarget and Event': `const t = new EventTarget(); const seen = []; t.addEventListener('a', e => { seen.push(e.type, e.defaultPrevented); e.preventDefault() }, { once: true })
      const ev = new Event('a', { cancelable: true }); return [t.dispatchEvent(ev), t.dispatchEvent(new Event('a')), seen, new CustomEvent('c', { detail: 5 }).detail]`,
    abort: `const c = new AbortController(); const seen = []; c.signal.addEventListener('abort', () => seen.push('aborted')); c.abort(new Error('why'))
      return [seen, c.signal.aborted, c.signal.reason.message, AbortSignal.abort().reason.name, AbortSignal.any([c.signal]).aborted]`,
    'abort by time': `const s = AbortSignal.timeout(5); await new Promise(r => s.addEventListener('abort', r)); return [s.reason.name, s.reason.message, s.reason.code]`,
    throwIfAborted: `AbortSignal.abort().throwIfAborted()`,
  })
})

describe('util', () => {
  testSame({
    format: `const { format } = require('util'); return [format('%s %d %i %f %j %o %O %%', 'a', 4.5, '7x', '1.5', { a: 1 }, [1], { b: { c: {} } }), format('a', 'b', { c: 1 }), format('%s', null, undefined, Symbol('x'), 5n), format('%s', class A {}, () => {}), format('%c%s', 'css', -0)]`,
    'inspect of many things': `const { inspect } = require('util'); class A { x = 1; #p = 2; get g() { return 1 } }
      return [inspect(new A()), inspect(new Map([[{ a: 1 }, new Set([1, 'b'])]])), inspect([1, , 3, undefined, null]), inspect({ a: { b: { c: { d: 1 } } } }),
        inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 }), inspect('it\\'s "q"'), inspect(Symbol('s')), inspect([new Date(0), /x/gi, -0, 10n, NaN]), inspect(function f() {}), inspect(class B extends A {}),
        inspect(Object.create(null)), inspect(new (class extends Map {})()), inspect({ get a() { return 1 }, set b(v) {} }), inspect(new Uint8Array([1, 2])), inspect(new ArrayBuffer(3)), inspect(new Error('e').message),
        inspect(Object.assign(() => {}, { k: 1 })), inspect([['a'.repeat(80), 'b'.repeat(80)]]), inspect({ 'a-b': 1, [Symbol('k')]: 2 }), inspect(new WeakMap()), inspect(Array(200).fill(7)), inspect(new Boolean(true)), inspect(arguments.length)]`,
    'inspect of circles and colours': `const { inspect } = require('util'); const a = { n: 1 }; a.self = a; return [inspect(a), inspect({ s: 'x', n: 1, u: undefined, b: true, d: null }, { colors: true }), inspect({ a: [1, 2, 3] }, { compact: false }), inspect({ b: 1, a: 2 }, { sorted: true }), inspect({ x: 1234567.891 }, { numericSeparator: true })]`,
    'custom inspect': `const { inspect } = require('util'); return inspect({ [inspect.custom](depth, options) { return 'mine ' + depth + typeof options.stylize } })`,
    'inspect of errors': `const { inspect } = require('util'); const e = new TypeError('bad', { cause: new Error('inner') }); e.stack = 'TypeError: bad\\n    at x'; e.cause.stack = 'Error: inner\\n    at y'; e.code = 'E1'; return inspect(e)`,
    promisify: `const { promisify, callbackify } = require('util'); const f = promisify((a, cb) => cb(null, a + 1)); const t = promisify(setTimeout)
      const c = callbackify(async x => x * 2); return [await f(1), await t(1, 'later'), await new Promise((r, j) => c(4, (e, v) => e ? j(e) : r(v)))]`,
    'promisify of what is none': `require('util').promisify(5)`,
    types: `const { types } = require('util'); return [types.isDate(new Date()), types.isDate({}), types.isRegExp(/x/), types.isRegExp(RegExp.prototype), types.isPromise(Promise.resolve()), types.isPromise({ then() {} }), types.isMap(new Map()), types.isSet(new Map()), types.isAsyncFunction(async () => {}), types.isAsyncFunction(() => {}), types.isGeneratorFunction(function* () {}), types.isGeneratorObject((function* () {})()), types.isUint8Array(Buffer.alloc(1)), types.isTypedArray(new Float32Array(1)), types.isArrayBufferView(new DataView(new ArrayBuffer(1))), types.isNativeError(new RangeError()), types.isNativeError({ message: 'x', stack: 'y' }), types.isBoxedPrimitive(Object(1n)), types.isNumberObject(new Number(1)), types.isStringObject('x'), types.isSymbolObject(Object(Symbol())), types.isArgumentsObject((function () { return arguments })()), types.isWeakMap(new WeakMap()), types.isWeakSet(new WeakMap()), types.isMapIterator(new Map().keys()), types.isSetIterator(new Set().values()), types.isAnyArrayBuffer(new ArrayBuffer(1)), types.isModuleNamespaceObject({}), types.isDataView(new DataView(new ArrayBuffer(1)))]`,
    isDeepStrictEqual: `const { isDeepStrictEqual: eq } = require('util'); return [eq({ a: [1, { b: new Map([[1, new Set([2])]]) }] }, { a: [1, { b: new Map([[1, new Set([2])]]) }] }), eq([1], ['1']), eq(new Date(1), new Date(1)), eq(/a/g, /a/i), eq(NaN, NaN), eq(-0, 0), eq(Buffer.from('a'), Buffer.from('b'))]`,
    'deprecate and inherits': `const util = require('util'); function A() {} function B() {} util.inherits(A, B); return [new A() instanceof B, A.super_ === B, util.deprecate(() => 5, 'x')()]`,
    'parseArgs, stripVTControlCharacters, styleText': `const util = require('util'); return [util.parseArgs({ args: ['-f', '--bar', 'b'], options: { f: { type: 'boolean', short: 'f' }, bar: { type: 'string' } } }).values, util.stripVTControlCharacters('\\u001b[31mx\\u001b[39m'), util.styleText('red', 'x', { validateStream: false }), util.toUSVString('\\ud800')]`,
    'text encoding': `const e = new TextEncoder(); const into = new Uint8Array(5); return [[...e.encode('aé€😀')], e.encodeInto('€€', into), [...into], new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 97])).length, new TextDecoder('latin1').decode(new Uint8Array([233, 128])), new TextDecoder('utf-16le').decode(new Uint8Array([97, 0])), new TextDecoder('windows-1252').encoding]`,
    'text decoding in pieces': `const d = new TextDecoder(); return [d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode(new Uint8Array([0xac, 97]), { stream: true }), d.decode(new Uint8Array([0xe2])), d.decode()]`,
    'fatal decoding': `new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))`,
    'an unknown encoding': `new TextDecoder('klingon')`,
    'aborted, inspect of a signal': `const util = require('util'); const c = new AbortController(); const p = util.aborted(c.signal, {}); c.abort(); await p; return util.getSystemErrorName(-2)`,
    'throttle and debounce, where this Node has them': `const util = require('util'); if (!util.throttle) return 'none'; let n = 0; const f = util.throttle(() => ++n, 5); const p = f(); f(); await new Promise(r => setTimeout(r, 30)); return [typeof f, n > 0]`,
    debuglog: `return require('util').debuglog('x').enabled`,
  })
})

describe('url', () => {
  testSame({
    'the parts of many URLs': `return ['https://u:p@Example.com:8080/a/../b?q=1#h', 'http://é.example/ü?ü#ü', 'file:///a/b c', 'mailto:a@b', 'data:text/plain,x', 'http://[::1]:80/', 'http://1.2.3/', 'http://0x7f.1/', 'ws://x', 'blob:https://a/b', 'non-special://h:1/p', 'http://x/?', 'http://x/#', 'http://u@x', 'http://:p@x', 'web+demo:/.//not-a-host', 'javascript:alert(1)', 'HTTP://X:443', 'https://x:443', 'http://x/%zz%41', 'foo:', 'http://user:@h/'].map(t => {
      const u = new URL(t); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash] })`,
    'relative to a base': `return ['../x', '?q', '#f', '//other/y', '/abs', 'https:z', ''].map(t => new URL(t, 'https://a/b/c/d?e').href)`,
    'every setter': `const out = []; for (const [part, value] of [['protocol', 'http'], ['protocol', 'mailto'], ['host', 'y:99'], ['hostname', 'z'], ['port', '70000'], ['port', '81'], ['port', ''], ['pathname', 'a b'], ['search', 'x y'], ['search', ''], ['hash', '#z z'], ['hash', ''], ['username', 'ü:'], ['password', '@'], ['href', 'http://n/']]) { const u = new URL('https://u:p@h:1/p?q#f'); u[part] = value; out.push([part, value, u.href, u[part]]) } return out`,
    'an invalid URL': `new URL('nope')`,
    'an invalid base': `new URL('x', 'nope')`,
    'a bad href': `new URL('http://x').href = 'nope'`,
    'canParse and parse': `return [URL.canParse('x:'), URL.canParse('x'), URL.parse('http://a').href, URL.parse('nope')]`,
    'search parameters': `const p = new URLSearchParams('a=1&b=2&a=3&c=%20+é'); p.append('d', 'x y&'); p.delete('b'); p.sort(); const u = new URL('http://x/?z=1'); u.searchParams.set('y', '2'); return [p.toString(), p.getAll('a'), [...p.keys()], p.size, p.has('a', '3'), u.href, new URLSearchParams({ a: 1, b: [2, 3] }).toString(), new URLSearchParams([['k', 'v']]).get('k')]`,
    'legacy parse and format': `const url = require('url'); const p = url.parse('http://u:p@Host:8/a?b=c&b=d#e', true); return [p.host, p.auth, p.query, p.path, url.format({ protocol: 'https', hostname: 'x', pathname: '/y', query: { a: 1 } }), url.resolve('http://a/b/c', '../d'), url.parse('//h/p', false, true).host]`,
    'file URLs': `const url = require('url'); return [url.fileURLToPath('file:///a%20b/c'), url.pathToFileURL('/a b?#%').href, url.urlToHttpOptions(new URL('http://u:p@h:1/p?q')).path]`,
    'a file URL with a host': `require('url').fileURLToPath('file://host/x')`,
    domains: `const url = require('url'); return [url.domainToASCII('español.com'), url.domainToASCII('xn--fiq228c.com'), url.domainToUnicode('xn--espaol-zwa.com'), url.domainToASCII('xn--iñvalid.com'), new URL('http://中文.测试').hostname, new URL('http://EXAMPLE.com').hostname]`,
    'format with options': `const url = require('url'); return url.format(new URL('http://u:p@xn--fiq228c.com/a?b#c'), { fragment: false, unicode: true, auth: false, search: false })`,
    'a forbidden host': `new URL('http://a b/')`,
    'inspect of a URL': `return require('util').inspect(new URL('http://a/b?c=d'))`,
  })
})

describe('path, querystring, punycode, assert', () => {
  testSame({
    path: `const p = require('path'); return [p.join('/a', '../b', 'c'), p.resolve('/x', 'y', '../z'), p.relative('/a/b/c', '/a/d'), p.parse('/h/f.tar.gz'), p.format({ dir: '/d', base: 'b' }), p.normalize('a//b/./../c/'), p.extname('.x.y'), p.basename('/a/b.js', '.js'), p.isAbsolute('a'), p.win32.join('a', 'b'), p.sep, p.posix === p, p.matchesGlob?.('/a/b', '/a/*')]`,
    'a path that is none': `require('path').join(5)`,
    querystring: `const q = require('querystring'); return [q.parse('a=1&b=2&a=3&c=%E9&d'), q.stringify({ a: [1, 2], b: 'x y', c: true, d: null }), q.escape('é&'), q.unescape('%C3%A9'), q.parse('a:1;b:2', ';', ':'), q.parse('x=1&y=2', null, null, { maxKeys: 1 })]`,
    punycode: `const p = require('punycode'); return [p.toASCII('mañana.com'), p.toUnicode('xn--maana-pta.com'), p.encode('é'), p.ucs2.decode('😀')]`,
    'assert that holds': `const a = require('assert'); a(1); a.equal(1, '1'); a.deepStrictEqual({ x: [1] }, { x: [1] }); a.throws(() => { throw new TypeError('x') }, TypeError); await a.rejects(async () => { throw new Error('y') }, /y/); a.match('abc', /b/); a.notStrictEqual(1, 2); return 'held'`,
    'assert.equal': `require('assert').strictEqual(1, 2)`,
    'assert.deepEqual': `require('assert').deepStrictEqual({ a: 1, b: [1, 2, 3] }, { a: 1, b: [1, 2, 4] })`,
    'assert.ok with words': `require('assert')(false, 'my words')`,
    'assert.throws in vain': `require('assert').throws(() => {})`,
    'assert.fail': `require('assert').fail()`,
  })
})

describe('timers and microtasks', () => {
  testSame({
    'timers/promises': `const t = require('timers/promises'); const c = new AbortController(); const p = t.setTimeout(1000, 1, { signal: c.signal }).catch(e => [e.name, e.code]); c.abort(); const got = []; for await (const v of t.setInterval(1, 'i')) { got.push(v); if (got.length === 2) break } return [await t.setTimeout(1, 'x'), await t.setImmediate('y'), await p, got]`,
    'process is Node by its tag, and can be listened to': `return [Object.prototype.toString.call(process), Object.keys(process).includes('binding'),
      process.addListener('exit', () => {}) === process, process.prependListener('exit', () => {}) === process, process.getMaxListeners()]`,
    'process.binding tells sizes': `const { kMaxLength, kStringMaxLength } = process.binding('buffer'); return [kMaxLength, kStringMaxLength]`,
    'process.binding of nothing': `process.binding('nothing')`,
    'nextTick comes with its arguments': `return await new Promise(r => process.nextTick((a, b) => r([a, b]), 1, 2))`,
    'the module timers': `const t = require('node:timers'); return await new Promise(r => t.setImmediate(r, 'now'))`,
    'queueMicrotask of nothing': `queueMicrotask(5)`,
    'async hooks that go along with callbacks': `const { AsyncLocalStorage, AsyncResource } = require('async_hooks'); const s = new AsyncLocalStorage(); const r = s.run(1, () => new AsyncResource('X')); return [s.run({ a: 1 }, () => s.getStore()), s.getStore(), r.runInAsyncScope(() => s.getStore()), s.run(2, () => AsyncLocalStorage.bind(() => s.getStore()))()]`,
    performance: `const { performance } = require('perf_hooks'); performance.mark('a'); performance.mark('b'); const m = performance.measure('m', 'a', 'b'); return [typeof performance.now(), m.name, performance.getEntriesByType('mark').map(e => e.name), typeof performance.timeOrigin]`,
  })
})

describe('structuredClone, Blob, DOMException', () => {
  testSame({
    'deep copies': `const a = { d: new Date(5), r: /x/g, m: new Map([[1, { z: 1 }]]), s: new Set([1]), u: new Uint8Array([1, 2]), n: null, b: 5n, e: new RangeError('r'), box: Object('s'), nan: NaN, list: [1, , 3] }; a.self = a; const c = structuredClone(a); return [c.self === c, c !== a, c.d.getTime(), c.r.flags, c.m.get(1), [...c.s], [...c.u], c.b, c.e.name, c.e.message, c.e instanceof RangeError, c.list, typeof c.box]`,
    transfer: `const b = new ArrayBuffer(4); new Uint8Array(b)[0] = 7; const c = structuredClone({ b, view: 1 }, { transfer: [b] }); return [b.byteLength, new Uint8Array(c.b)[0]]`,
    'a function can not be cloned': `structuredClone({ f() {} })`,
    'a symbol can not be cloned': `structuredClone(Symbol('x'))`,
    'a Buffer becomes bytes': `const c = structuredClone(Buffer.from('ab')); return [c.constructor.name, [...c]]`,
    'a stream whose reader lets go': `const stream = new ReadableStream({ pull() { return new Promise(() => {}) } }), reader = stream.getReader()
      const reading = reader.read().catch(e => [e.code, e.message]); reader.releaseLock()
      return [await reading, stream.locked, await reader.closed.catch(e => [e.code, e.message])]`,
    blob: `const b = new Blob(['a', new Uint8Array([98, 99]), new Blob(['d'])], { type: 'Text/Plain' }); return [b.size, b.type, await b.text(), await b.slice(1, 3).text(), [...new Uint8Array(await b.arrayBuffer())], new File(['x'], 'n.txt', { lastModified: 5 }).name, await new Blob(['é']).bytes().then(x => [...x])]`,
    DOMException: `const e = new DOMException('m', 'NotFoundError'); return [e.name, e.code, e.message, e instanceof Error, DOMException.ABORT_ERR, Object.prototype.toString.call(e)]`,
  })
})

describe('streams', () => {
  testSame({
    'a pipeline of three': `const { Readable, Transform, Writable } = require('stream'); const { pipeline } = require('stream/promises'); const out = []
      await pipeline(Readable.from(['a', 'b', 'c']), new Transform({ transform(chunk, e, cb) { cb(null, chunk.toString().toUpperCase()) } }), new Writable({ write(chunk, e, cb) { out.push(chunk.toString()); cb() } })); return out`,
    'back-pressure': `const { Writable } = require('stream'); const w = new Writable({ highWaterMark: 3, write(c, e, cb) { setTimeout(cb, 1) } }); const said = [w.write('ab'), w.write('cd')]; await new Promise(r => w.once('drain', r)); return [said, w.writableLength, w.writableHighWaterMark]`,
    'an error goes through a pipeline': `const { PassThrough, pipeline } = require('stream'); const a = new PassThrough(), b = new PassThrough(); return await new Promise(r => { pipeline(a, b, e => r([e.message, a.destroyed, b.destroyed])); a.destroy(new Error('gone')) })`,
    'a write after the end': `const { PassThrough } = require('stream'); const p = new PassThrough(); p.end(); return await new Promise(r => { p.on('error', e => r([e.code, e.message])); p.write('x') })`,
    'async iteration and helpers': `const { Readable } = require('stream'); const got = []; for await (const x of Readable.from([1, 2, 3])) got.push(x); return [got, await Readable.from([1, 2, 3, 4]).filter(x => x % 2).map(async x => x * 10).toArray(), await Readable.from([1, 2]).reduce((a, b) => a + b, 5)]`,
    'object mode, unshift, read': `const { Readable } = require('stream'); const r = new Readable({ read() {} }); r.push('hello'); r.push(null); r.unshift('>'); await new Promise(x => r.once('readable', x)); return [r.read(3).toString(), r.read().toString(), r.read()]`,
    'encoding across chunks': `const { PassThrough } = require('stream'); const p = new PassThrough(); p.setEncoding('utf8'); const b = Buffer.from('€uro'); p.write(b.subarray(0, 1)); p.end(b.subarray(1)); let s = ''; for await (const c of p) s += c; return s`,
    'duplexPair, compose, finished': `const s = require('stream'); const [a, b] = s.duplexPair(); a.end('ping'); let got = ''; for await (const c of b) got += c; b.end(); await s.promises.finished(s.Readable.from([1]).resume()); return got`,
    consumers: `const c = require('stream/consumers'); const { Readable } = require('stream'); const of = () => Readable.from([Buffer.from('{"a":'), Buffer.from('1}')]); return [await c.text(of()), await c.json(of()), (await c.buffer(of())).length, (await c.arrayBuffer(of())).byteLength]`,
    'web streams': `const { ReadableStream, TransformStream, WritableStream } = require('stream/web'); const out = []; await new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close() } }).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2) } })).pipeTo(new WritableStream({ write(x) { out.push(x) } })); const [a, b] = ReadableStream.from(['x', 'y']).tee(); const read = async s => { const all = []; for await (const x of s) all.push(x); return all }; return [out, await Promise.all([read(a), read(b)])]`,
    'web streams of Node streams': `const { Readable, Writable } = require('stream'); const out = []; await Readable.toWeb(Readable.from([Buffer.from('ab')])).pipeTo(Writable.toWeb(new Writable({ write(c, e, cb) { out.push(Buffer.from(c).toString()); cb() } }))); return [out, await Readable.fromWeb(new Blob(['blob']).stream()).toArray().then(l => Buffer.concat(l).toString())]`,
    'byte streams and readers of one’s own buffer': `const s = new ReadableStream({ type: 'bytes', pull(c) { c.byobRequest.view[0] = 7; c.byobRequest.respond(1) } }); const r = s.getReader({ mode: 'byob' }); const { value } = await r.read(new Uint8Array(4)); return [[...value], value.byteLength]`,
    'text streams': `const s = new Blob(['é€']).stream().pipeThrough(new TextDecoderStream()); let t = ''; for await (const c of s) t += c; const e = []; for await (const c of ReadableStream.from(['é']).pipeThrough(new TextEncoderStream())) e.push([...c]); return [t, e]`,
    'compression streams': `const pack = async (s, t) => { const all = []; for await (const c of s.pipeThrough(t)) all.push(c); return Buffer.concat(all) }; const packed = await pack(new Blob(['hello hello hello']).stream(), new CompressionStream('gzip')); return (await pack(new Blob([packed]).stream(), new DecompressionStream('gzip'))).toString()`,
    'a locked stream': `const s = new ReadableStream(); s.getReader(); s.getReader()`,
    'bodies, headers, forms': `const f = new FormData(); f.append('a', '1'); f.append('b', new Blob(['x'], { type: 'text/plain' }), 'x.txt'); const h = new Headers({ 'X-A': '1' }); h.append('x-a', '2'); const r = new Response('{"k":1}', { status: 201, headers: { 'content-type': 'application/json' } }); return [[...f.keys()], f.get('b').name, [...h], r.status, r.ok, await r.clone().json(), await r.text(), (await new Response(f).formData()).get('a'), new Request('http://x/y', { method: 'post', body: 'b' }).method]`,
    'readline over a stream': `const rl = require('readline'); const { Readable } = require('stream'); const lines = []; for await (const l of rl.createInterface({ input: Readable.from(['a\\nb', 'c\\n']) })) lines.push(l); return lines`,
  })
})
