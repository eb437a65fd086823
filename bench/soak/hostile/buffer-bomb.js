/** Buffers beyond the cap are a RangeError of its own, which it throws. */
exports.main = async () => {
  const kept = []
  for (;;) kept.push(new Uint8Array(1e6).fill(1))
}
