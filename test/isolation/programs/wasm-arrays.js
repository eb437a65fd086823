// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_ISOLATE_CRASHED CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// (module (type (array i8)) (func (export "f") (loop (drop (array.new_default 0 (i32.const 50000000))) br 0)))
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 2, 94, 120, 0, 96, 0, 0, 3, 2, 1, 1, 7, 5, 1, 1, 102, 0, 0, 10, 18, 1,
  16, 0, 3, 64, 65, 128, 225, 235, 23, 251, 7, 0, 26, 12, 0, 11, 11,
])
exports.main = async () => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()
