// class: memory outside the heap
// Compiled over and over, on threads of V8's own, and kept.
const header = [0, 97, 115, 109, 1, 0, 0, 0]
const types = [1, 4, 1, 96, 0, 0]
const leb = number => [(number & 127) | 128, ((number >> 7) & 127) | 128, number >> 14]
exports.main = async () => {
  const count = 20_000
  const functions = [...leb(count), ...new Array(count).fill(0)]
  const bodies = [...leb(count)]
  for (let index = 0; index < count; index++) bodies.push(6, 0, 65, 1, 26, 1, 11)
  const bytes = new Uint8Array([
    ...header,
    ...types,
    ...[3, ...leb(functions.length), ...functions],
    ...[10, ...leb(bodies.length), ...bodies],
  ])
  const kept = []
  for (;;) kept.push(new WebAssembly.Instance(new WebAssembly.Module(bytes)))
}
