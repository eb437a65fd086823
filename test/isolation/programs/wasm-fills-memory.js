// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_ISOLATE_CRASHED CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// (module (memory 65536) (func (export "f") (loop (memory.fill 0 1 -1) br 0))): four gigabytes, written again and again.
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 5, 1, 0, 128, 128, 4, 7, 5, 1, 1, 102, 0, 0,
  10, 18, 1, 16, 0, 3, 64, 65, 0, 65, 1, 65, 127, 252, 11, 0, 12, 0, 11, 11,
])
exports.main = async () => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()
