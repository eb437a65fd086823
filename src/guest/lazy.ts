/**
 * npm packages of the runtime that most invocations never touch. Their source is in the snapshot, but they are
 * evaluated at first use: evaluated, their objects would slow the start of every isolate (native-notes/snapshot.md).
 * The bundler resolves these `require` calls; none is left at run time.
 */
declare function require(name: 'buffer/'): typeof import('buffer/')
declare function require(name: 'node-inspect-extracted'): typeof import('node-inspect-extracted')

type BufferConstructor = typeof import('buffer/')['Buffer']
export type Inspect = Pick<typeof import('node-inspect-extracted'), 'format' | 'inspect'>

export function loadBuffer(): BufferConstructor {
  return require('buffer/').Buffer
}

export function loadInspect(): Inspect {
  return require('node-inspect-extracted')
}
