/**
 * Registries that many old functions name in their lock files and .npmrc, and that answer no more. What they had is in
 * any registry, under the same checksums.
 */
const RETIRED: ReadonlySet<string> = new Set(['registry.npm.taobao.org', 'registry.nlark.com'])

export function isRetired(address: string): boolean {
  return URL.canParse(address) && RETIRED.has(new URL(address).hostname)
}
