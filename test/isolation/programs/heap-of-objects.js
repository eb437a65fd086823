// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const kept = []
  for (;;) kept.push({ x: 1, y: { z: [1, 2, 3] } })
}
