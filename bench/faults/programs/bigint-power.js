// class: arithmetic of huge numbers
exports.main = async () => 3n ** (2n ** 25n) % 7n
