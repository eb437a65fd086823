// class: long texts
// A wrapper object has a key for each of its characters.
exports.main = async () => Object.assign({}, new String('x'.repeat(1e8)))
