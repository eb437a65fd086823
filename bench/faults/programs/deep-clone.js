// class: deep structures
exports.main = async () => {
  let value = {}
  for (let depth = 0; depth < 2e5; depth++) value = { value }
  return typeof structuredClone(value)
}
