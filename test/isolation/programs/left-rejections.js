// expect: completed
exports.main = async () => {
  for (let i = 0; i < 5000; i++) Promise.reject(new Error('left ' + i))
  return 1
}
