// class: giant lists
// The list is a proxy, so that each look runs a trap that is a built-in itself.
exports.main = async () =>
  Array.prototype.findLastIndex.call(new Proxy({ length: 2 ** 53 - 1 }, { get: Reflect.get }), Boolean)
