// expect: completed
exports.main = async () => {
  for (let i = 0; i < 50_000; i++) clearTimeout(setTimeout(() => {}, (i % 50) + 1))
  return 1
}
