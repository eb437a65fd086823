/**
 * Bundles the guest runtime (src/guest) into one script, dist/guest/runtime.js, from which the host makes
 * its V8 startup snapshot. Development only: not part of the published package.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)

const result = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: ['src/guest/main.ts'],
  outfile: 'dist/guest/runtime.js',
  bundle: true,
  format: 'iife',
  // No platform: a Node or browser built-in in the bundle is an error, not an external.
  platform: 'neutral',
  mainFields: ['main'],
  target: 'es2024',
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
})
const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
console.log(`dist/guest/runtime.js  ${(bytes / 1024).toFixed(1)} KB`)
