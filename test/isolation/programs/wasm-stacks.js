// expect: CLOUDLET_FUNCTION_THREW
// (module (import "m" "g" (func)) (func (export "f") call 0)), which waits on a stack of its own each time it is called.
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 103, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102,
  0, 1, 10, 6, 1, 4, 0, 16, 0, 11,
])
exports.main = async () => {
  const g = new WebAssembly.Suspending(() => new Promise(() => {}))
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { g } }).exports
  const kept = []
  for (;;) kept.push(WebAssembly.promising(f)())
}
