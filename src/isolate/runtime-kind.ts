/**
 * Which snapshot. What isn't in it a function may have all the same, evaluated at first use; what is costs time at each
 * start, and memory. In order, each has what the one before has: the runtime; wx-server-sdk; what most of Node's library
 * stands on; streams, crypto and the network.
 */
export type RuntimeKind = 'plain' | 'sdk' | 'node' | 'network'
/** In that order. */
export const RUNTIME_KINDS: readonly RuntimeKind[] = ['plain', 'sdk', 'node', 'network']

const STANDING = [
  'buffer',
  'events',
  'os',
  'path',
  'querystring',
  'string_decoder',
  'url',
  'util',
  'Buffer',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
]
/** Modules and globals of Node's that are evaluated in a snapshot. */
export const EVALUATED: Readonly<Record<'node' | 'network', readonly string[]>> = {
  node: STANDING,
  network: [...STANDING, 'assert', 'crypto', 'fs', 'http', 'https', 'net', 'stream', 'tls', 'zlib'],
}

/** The least that has what a function names of the SDK and of Node. */
export function runtimeFor(namesSdk: boolean, nodeNames: readonly string[]): RuntimeKind {
  if (nodeNames.length === 0) return namesSdk ? 'sdk' : 'plain'
  const needsMore = nodeNames.some(name => EVALUATED.network.includes(name) && !EVALUATED.node.includes(name))
  return needsMore ? 'network' : 'node'
}

/** Of what a function names, what is still to be evaluated. */
export function namesLeft(kind: RuntimeKind, nodeNames: readonly string[]): readonly string[] {
  if (kind === 'plain' || kind === 'sdk') return nodeNames
  return nodeNames.filter(name => !EVALUATED[kind].includes(name))
}
