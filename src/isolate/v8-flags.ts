import { setFlagsFromString } from 'node:v8'

/**
 * What hosting isolates takes of V8, once and for the whole process (native-notes/memory.md, native-notes/webassembly.md):
 *
 * - Baseline code is compiled on the isolate's own thread. Another would allocate in the isolate's heap, and when that is
 *   full, V8 aborts the process: isolated-vm's answer to a full heap works on the isolate's thread alone.
 * - Machine code of WebAssembly is kept as long as its module is. To collect it sooner V8 posts a task to every isolate,
 *   under a lock that ending an isolate needs too. Where the one who posts is the last to hold an isolate that is being
 *   ended, it ends that itself, and waits for its own lock for ever.
 * - asm.js is JavaScript like any other, not a second way to WebAssembly.
 */
const FLAGS = ['--no-concurrent-sparkplug', '--no-wasm-code-gc', '--no-validate-asm']

let isSet = false

/** Sets them; again is as good as once. */
export function setV8Flags(): void {
  if (isSet) return
  isSet = true
  for (const flag of FLAGS) setFlagsFromString(flag)
}
