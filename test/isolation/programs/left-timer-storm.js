// expect: completed
exports.main = async () => {
  for (let i = 0; i < 9000; i++) setInterval(() => {}, 1)
  return 1
}
