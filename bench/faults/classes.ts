/** Classes by the programs of test/isolation that belong there; the first pattern that fits decides. `*`: any ending. */
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  'innocent code': [],
  loops: [
    'loop',
    'loop-in-finally',
    'loop-in-then',
    'loop-in-toJSON',
    'loop-in-getter-of-result',
    'generator-loop',
    'atomics-wait',
    'deadline-*',
    'import-storm',
    'microtask-storm',
    'endless-iterator',
    'built-ins-in-a-loop',
    'typed-array-in-a-loop',
  ],
  'work left behind': ['left-*'],
  'giant lists': [
    'array-like-*',
    'sparse-array*',
    'apply-to-sparse-array',
    'spread-of-sparse-array',
    'length-that-lies',
  ],
  'long texts': ['text-*'],
  JSON: ['json-*'],
  'arithmetic of huge numbers': ['bigint-*'],
  'regular expressions': ['*regexp*'],
  locales: ['locales*', 'temporal-locales'],
  'source text': ['eval-escape', 'nested-functions'],
  'deep structures': ['deep-*', 'prototype-chain'],
  heap: ['heap-*'],
  'memory outside the heap': ['array-buffers', 'resizable-buffers'],
  WebAssembly: ['wasm-*'],
  'failures with code in them': [
    'thrown-*',
    'rejected-*',
    'rejection-*',
    'loop-in-*',
    'timer-throws-*',
    'huge-error',
  ],
  results: ['result-*', 'proxy-result', 'float16-result', 'huge-*'],
  'forged messages, replaced built-ins': [
    'forged-*',
    'replaced-builtins',
    'inherited-descriptor',
    'promise-constructor',
    'cached-exports',
    'loader-intrinsics',
    'node-patched-builtins',
  ],
  floods: ['*-storm'],
  files: ['fs-*'],
  'crypto and compression': ['crypto-*', 'zlib-*'],
  network: [],
  leaving: [],
}

/** In the order of the table. */
export const CLASSES: readonly string[] = Object.keys(PATTERNS)

/** The class of a program of test/isolation. Undefined: nobody has thought of it yet. */
export function classOf(name: string, folder: string): string | undefined {
  if (folder === 'test/isolation/network') return 'network'
  const found = Object.entries(PATTERNS).find(([, patterns]) => patterns.some(pattern => fits(name, pattern)))
  return found?.[0]
}

function fits(name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name)
}
