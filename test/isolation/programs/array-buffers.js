// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => {
  const kept = []
  for (;;) kept.push(new Uint8Array(1e6).fill(1))
}
