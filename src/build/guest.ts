/**
 * Bundles the guest runtime (src/guest/main.ts) and its warm-up into dist/guest, from which the host makes its V8
 * startup snapshot, and beside them the packages that the runtime evaluates at first use (src/guest/lazy.ts).
 * Development only: not part of the published package.
 */
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

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

const runtime = await build({
  ...options,
  entryPoints: { runtime: 'src/guest/main.ts', 'warm-up': 'src/guest/warm-up.ts' },
})
// Bodies of functions that return the package's exports.
const packages = await build({
  ...options,
  entryPoints: {
    buffer: 'node_modules/buffer/index.js',
    modules: 'src/guest/modules.ts',
    inspect: 'node-inspect-extracted',
    sdk: 'src/sdk/cloud.ts',
  },
  globalName: 'exported',
  footer: { js: 'return exported' },
})
for (const { metafile } of [runtime, packages]) {
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
    console.log(`${path}  ${(bytes / 1024).toFixed(1)} KB`)
  }
}
