// class: giant lists
// Every index up to the end is moved by one.
exports.main = async () => Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1)
