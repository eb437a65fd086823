// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// Built-ins on both ends: no JavaScript runs between two items.
exports.main = async () => Object.fromEntries(Array.prototype.entries.call({ length: 2 ** 53 - 1 }))
