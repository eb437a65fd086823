// class: JSON
// timeoutMs: 700
// The reviver puts more in front of the walk than it takes away.
exports.main = async () =>
  JSON.parse('[[0]]', function revive(_key, value) {
    if (Array.isArray(value)) this[1] = [[0], [0]]
    return value
  })
