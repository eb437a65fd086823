// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT CLOUDLET_FUNCTION_THREW
// These are allocated by V8, not by isolated-vm's counting allocator.
exports.main = async () => {
  const kept = []
  for (;;) {
    const buffer = new ArrayBuffer(1, { maxByteLength: 1e8 })
    buffer.resize(1e8)
    new Uint8Array(buffer).fill(1)
    kept.push(buffer)
  }
}
