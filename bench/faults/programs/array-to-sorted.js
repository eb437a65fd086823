// class: giant lists
// The copying kin of sort: V8 aborts on a length no array has, where it doesn't refuse it.
exports.main = async () => Array.prototype.toSorted.call({ length: 2 ** 32 - 1 })
