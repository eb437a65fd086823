// class: deep structures
// A proxy of a proxy of a proxy: each goes one deeper on the native stack.
exports.main = async () => {
  let object = {}
  for (let depth = 0; depth < 2e5; depth++) object = new Proxy(object, {})
  return object.missing
}
