/**
 * Ends some isolates at once, again and again, while the process has machine code of WebAssembly that is used no more.
 * V8 says so when it collects that. Prints `done`, and must get there.
 */
import { setFlagsFromString } from 'node:v8'
import { FunctionHost } from '../../src/index.ts'

const ROUNDS = 40
const FUNCTIONS = Array.from({ length: 5 }, (_, index) => `f${index}`)

// Type stripping is WebAssembly too, and may have been at it before.
await new FunctionHost().close()
// As much of it as can be: whatever may be given back is, and every function is compiled anew at its second call.
for (const flag of ['--stress-wasm-code-gc', '--trace-wasm-code-gc', '--wasm-tiering-budget=1']) {
  setFlagsFromString(flag)
}

/** `(module (func (export "f") (drop (i32.const …))))`, called until there is better code for it. */
function useUp(number: number): void {
  const constant = [(number & 127) | 128, ((number >>> 7) & 127) | 128, (number >>> 14) & 63]
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0]
  const bytes = new Uint8Array([...head, 10, 9, 1, 7, 0, 65, ...constant, 26, 11])
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { f: () => void }
  for (let call = 0; call < 200; call++) f()
}

let count = 0
for (let round = 0; round < ROUNDS; round++) {
  const host = new FunctionHost({ spareIsolates: 0 })
  await Promise.all(
    FUNCTIONS.map(name => host.deploy(name, { files: { 'index.js': 'exports.main = () => 1' } })),
  )
  await Promise.all(FUNCTIONS.map(name => host.invoke(name)))
  for (let half = 0; half < 2; half++) {
    for (let module = 0; module < 8; module++) useUp(count++)
    await new Promise(resolve => setTimeout(resolve, round % 7))
  }
  await host.close()
}
console.log('done')
