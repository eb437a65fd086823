// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_ISOLATE_CRASHED CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// The compiler keeps what 40,000 local variables are at each of 100,000 ifs, one in the other.
const leb = value => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)])
const DEPTH = 100_000
exports.main = async () => {
  const body = [1, ...leb(40_000), 127]
  for (let index = 0; index < DEPTH; index++) body.push(65, 1, 4, 64)
  for (let index = 0; index < DEPTH; index++) body.push(11)
  body.push(11)
  const code = [1, ...leb(body.length)]
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0]
  head.push(10, ...leb(code.length + body.length), ...code)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
  for (;;) f()
}
