/**
 * Bundles the guest runtime (src/guest/main.ts) and its warm-up into dist/guest, from which the host makes its V8
 * startup snapshot, and beside them the packages that the runtime evaluates at first use (src/guest/lazy.ts).
 * Development only: not part of the published package.
 */
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { writeNodeLibrary } from './node-library.ts'

const root = new URL('../../', import.meta.url)

const options = {
  absWorkingDir: fileURLToPath(root),
  outdir: 'dist/guest',
  bundle: true,
  format: 'iife',
  // No platform: a Node or browser built-in in the bundle is an error, not an external.
  platform: 'neutral',
  mainFields: ['main'],
  target: 'es2024',
  minify: true,
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions

/** Files of ours in the place of what whatwg-url requires. */
function replacement(path: string): string {
  return fileURLToPath(
    new URL(path === 'tr46' ? 'src/node/domain-name.ts' : 'src/node/url-encoding.ts', root),
  )
}

const runtime = await build({
  ...options,
  entryPoints: { runtime: 'src/guest/main.ts', 'warm-up': 'src/guest/warm-up.ts' },
})
// Bodies of functions that return the package's exports.
const packages = await build({
  ...options,
  entryPoints: {
    modules: 'src/guest/modules.ts',
    node: 'src/node/node.ts',
    sdk: 'src/sdk/cloud.ts',
  },
  globalName: 'exported',
  footer: { js: 'return exported' },
  plugins: [
    {
      name: 'replacements',
      setup({ onResolve }) {
        onResolve({ filter: /^(?:tr46|\.\/encoding)$/ }, ({ path, importer }) =>
          importer.includes('whatwg-url') ? { path: replacement(path) } : undefined,
        )
      },
    },
  ],
})
// A package of npm's that functions have without installing it. Its text is a function of `require`.
const request = await build({
  ...options,
  platform: 'node',
  format: 'cjs',
  entryPoints: { request: 'node_modules/request/index.js' },
  banner: { js: '(function(require){var module={exports:{}},exports=module.exports;' },
  footer: { js: 'return module.exports})\n//# sourceURL=cloudlet:runtime/request' },
})
const librarySize = await writeNodeLibrary('dist/guest')
console.log(`dist/guest/node-library.txt  ${(librarySize / 1024).toFixed(1)} KB`)
for (const { metafile } of [runtime, packages, request]) {
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
    console.log(`${path}  ${(bytes / 1024).toFixed(1)} KB`)
  }
}
