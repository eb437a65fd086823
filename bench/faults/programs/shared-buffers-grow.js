// class: memory outside the heap
exports.main = async () => {
  const kept = []
  for (;;) {
    const buffer = new SharedArrayBuffer(1024, { maxByteLength: 2 ** 28 })
    buffer.grow(2 ** 26)
    new Uint8Array(buffer).fill(1)
    kept.push(buffer)
  }
}
