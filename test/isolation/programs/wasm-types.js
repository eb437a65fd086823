// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_ISOLATE_CRASHED CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// V8 keeps each type of a process for good, and ends the process at two million. Each module brings 100,000 new ones.
const VALUE_TYPES = [127, 126, 125, 124]
const leb = value => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)])
let count = 0
exports.main = async () => {
  for (;;) {
    const types = []
    for (let index = 0; index < 100_000; index++, count++) {
      types.push(96, 12)
      for (let bits = 0; bits < 24; bits += 2) types.push(VALUE_TYPES[(count >>> bits) & 3])
      types.push(0)
    }
    const section = [...leb(100_000)]
    const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, ...leb(section.length + types.length), ...section]
    const bytes = new Uint8Array(head.length + types.length)
    bytes.set(head)
    bytes.set(types, head.length)
    new WebAssembly.Module(bytes)
  }
}
