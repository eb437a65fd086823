/**
 * Bundles the guest runtime (src/guest/main.ts) and its warm-up into dist/guest, from which the host makes its V8
 * startup snapshot. Development only: not part of the published package.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)

const result = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: { runtime: 'src/guest/main.ts', 'warm-up': 'src/guest/warm-up.ts' },
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
})
for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
  console.log(`${path}  ${(bytes / 1024).toFixed(1)} KB`)
}
