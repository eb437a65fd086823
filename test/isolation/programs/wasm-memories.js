// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT CLOUDLET_FUNCTION_THREW
// capabilities: webAssembly
exports.main = async () => {
  const kept = []
  for (;;) {
    const memory = new WebAssembly.Memory({ initial: 1000 })
    new Uint8Array(memory.buffer).fill(1)
    kept.push(memory)
  }
}
