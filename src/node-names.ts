import { NODE_MODULES } from './protocol/node-modules.ts'

/** Globals that are seldom meant to be anything else, and are worth having ready. */
const GLOBALS = ['AbortController', 'Buffer', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams', 'fetch']

const MODULE = /\b(?:require|import|from)\s*\(?\s*['"`](?:node:)?([\w/]+)['"`]/g
const GLOBAL = new RegExp(`(?<![.\\w$])(?:${GLOBALS.join('|')})(?![\\w$:])`, 'g')
const KNOWN: ReadonlySet<string> = new Set(NODE_MODULES)

/**
 * Modules and globals of Node's that a function's files name, in order: what is worth evaluating ahead of its cold
 * start. A guess, and nothing depends on its being right.
 */
export function findNodeNames(texts: Iterable<string>): readonly string[] {
  const names = new Set<string>()
  for (const text of texts) {
    for (const [, name = ''] of text.matchAll(MODULE)) if (KNOWN.has(name)) names.add(name)
    for (const [name] of text.matchAll(GLOBAL)) names.add(name)
  }
  return [...names].sort()
}
