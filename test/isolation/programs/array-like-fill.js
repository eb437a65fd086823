// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1)
