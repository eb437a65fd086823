// expect: CLOUDLET_VALUE CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  let value = {}
  for (let i = 0; i < 1e6; i++) value = { value }
  return value
}
