/**
 * Bundles the client for mini-programs (src/client/miniprogram.ts) into the one file dist/miniprogram/index.js: CommonJS
 * in the syntax of ES5, without dependencies. esbuild bundles, swc lowers and minifies. Development only: not part of
 * the published package.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transform } from '@swc/core'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Globals that mini-programs may not have, and what stands for them (src/client/miniprogram-globals.ts). */
const replaced = {
  'Object.fromEntries': 'objectFromEntries',
  'Object.hasOwn': 'objectHasOwn',
  'Promise.allSettled': 'promiseAllSettled',
  'Promise.withResolvers': 'promiseWithResolvers',
  'Symbol.asyncDispose': 'symbolAsyncDispose',
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/client/miniprogram.ts'],
  bundle: true,
  format: 'cjs',
  // No platform: a Node or browser built-in in the bundle is an error, not an external.
  platform: 'neutral',
  target: 'es2022',
  define: replaced,
  inject: ['src/client/miniprogram-globals.ts'],
  alias: { msgpackr: './src/client/miniprogram-msgpack.ts' },
  write: false,
  logLevel: 'warning',
})
const [bundle] = outputFiles
if (bundle === undefined) throw new Error('esbuild gave no bundle.')
const { code } = await transform(bundle.text, {
  isModule: false,
  swcrc: false,
  configFile: false,
  minify: true,
  jsc: {
    target: 'es5',
    parser: { syntax: 'ecmascript' },
    externalHelpers: false,
    // Private fields as properties: WeakMaps would cost time on engines that only interpret.
    assumptions: {
      constantSuper: true,
      ignoreFunctionLength: true,
      noDocumentAll: true,
      privateFieldsAsProperties: true,
      setPublicClassFields: true,
    },
    // The whole file is one module's scope, whose names are nobody else's.
    minify: { compress: { toplevel: true }, mangle: { toplevel: true } },
  },
})
await mkdir(`${root}dist/miniprogram`, { recursive: true })
await writeFile(`${root}dist/miniprogram/index.js`, code)
console.log(`dist/miniprogram/index.js  ${(code.length / 1024).toFixed(1)} KB`)
