// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => {
  const items = []
  items[2 ** 32 - 2] = 1
  items.splice(0, 1)
}
