// class: deep structures
exports.main = async () => {
  let callee = () => 1
  for (let depth = 0; depth < 2e5; depth++) callee = callee.bind(null, depth)
  return callee()
}
