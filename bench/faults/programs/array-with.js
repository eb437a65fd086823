// class: giant lists
exports.main = async () => [
  Array.prototype.with.call({ length: 2 ** 32 - 1 }, 0, 1),
  Array.prototype.toReversed.call({ length: 2 ** 32 - 1 }),
]
