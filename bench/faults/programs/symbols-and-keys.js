// class: heap
// Keys that are kept in V8's own tables.
exports.main = async () => {
  const object = {}
  for (let round = 0; ; round++) {
    object[`key ${round}`] = Symbol.for(`symbol ${round}`)
  }
}
