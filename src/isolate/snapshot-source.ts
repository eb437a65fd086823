import { MICROTASKS, PRELOAD_SDK, RUNTIME_SCRIPT, SNAPSHOT_NODE, WARM_UP_KIND } from '../protocol/bridge.ts'
import { readBundle } from './bundles.ts'
import { EVALUATED, type RuntimeKind } from './runtime-kind.ts'

/** The global between scripts of a snapshot in the making. */
const NODE_PARTS = '__cloudletNodeParts'

/**
 * Runs all microtasks at each step (guest/microtasks.ts). V8 has no other way to it than an intrinsic, which it compiles
 * with a flag only. Of functions that can stop in the middle V8 keeps the bytecode: any other would be compiled anew
 * after it has lain idle, without the flag.
 */
const MICROTASKS_SOURCE = `globalThis.${MICROTASKS} = (function* () {
  'use strict'
  for (;;) {
    %PerformMicrotaskCheckpoint()
    yield
  }
})()
globalThis.${MICROTASKS}.next()`

/** The scripts of a snapshot, in their order. Only with `--allow-natives-syntax` V8 takes the first. */
export function sourcesOf(kind: RuntimeKind): { code: string; filename: string }[] {
  return codesOf(kind).map(code => ({ code, filename: RUNTIME_SCRIPT }))
}

function codesOf(kind: RuntimeKind): string[] {
  const plain = [MICROTASKS_SOURCE, readBundle('runtime')]
  if (kind === 'plain') return plain
  const sdk = [...plain, `${PRELOAD_SDK}((() => {${readBundle('sdk')}})())`]
  if (kind === 'sdk') return sdk
  const args = `${NODE_PARTS}.exported, ${NODE_PARTS}.library, ${JSON.stringify(EVALUATED[kind])}`
  return [
    ...sdk,
    `globalThis.${NODE_PARTS} = { exported: (() => {${readBundle('node')}})(), library: {} }`,
    // Each a script of its own: the warm-up's context has the same, and what it compiles of them is kept.
    ...libraryParts().map(([name, text]) => `${NODE_PARTS}.library[${JSON.stringify(name)}] = ${text}`),
    `${SNAPSHOT_NODE}(${args}); delete globalThis.${NODE_PARTS}`,
  ]
}

/** What is run once in a context that is thrown away: what it calls stays compiled. */
export function warmUpOf(kind: RuntimeKind): string {
  return `globalThis.${WARM_UP_KIND} = ${JSON.stringify(kind)}; ${readBundle('warm-up')}`
}

/** The library's modules (src/build/node-library.ts). */
function libraryParts(): (readonly [name: string, text: string])[] {
  const text = readBundle('library')
  const start = text.indexOf('\n') + 1
  const places = JSON.parse(text.slice(0, start)) as Record<string, [start: number, end: number]>
  return Object.entries(places).map(([name, [from, to]]) => [name, text.slice(start + from, start + to)])
}
