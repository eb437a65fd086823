// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  let object = {}
  for (let depth = 0; depth < 1e6; depth++) object = Object.create(object)
  for (;;) object.missing
}
