// expect: completed CLOUDLET_MEMORY_LIMIT CLOUDLET_FUNCTION_THREW
exports.main = async () => {
  for (let count = 0; count < 20; count++) Promise.reject(new Error('x'.repeat(1e7)))
  Promise.reject('x'.repeat(2e8))
  return 1
}
