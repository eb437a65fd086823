// class: deep structures
exports.main = async () => {
  let list = []
  for (let depth = 0; depth < 1e5; depth++) list = [list, list]
  return list.flat(Infinity).length
}
