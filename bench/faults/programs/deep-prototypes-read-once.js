// class: deep structures
// One look through a million prototypes.
exports.main = async () => {
  let object = {}
  for (let depth = 0; depth < 1e6; depth++) object = Object.create(object)
  return object.missing
}
