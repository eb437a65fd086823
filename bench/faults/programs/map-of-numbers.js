// class: heap
// A table that doubles: each step asks for twice as much in one piece.
exports.main = async () => {
  const table = new Map()
  for (let key = 0; ; key++) table.set(key, key)
}
