// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const kept = new Map()
  for (let i = 0; ; i++) kept.set(i, () => i)
}
