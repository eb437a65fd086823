// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const kept = []
  for (let i = 0; ; i++) kept.push(`${i}${'x'.repeat(1000)}`.split('').join('-'))
}
