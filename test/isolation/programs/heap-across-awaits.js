// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const kept = []
  for (;;) {
    for (let i = 0; i < 1000; i++) kept.push({ i, text: `${i}` })
    await null
  }
}
