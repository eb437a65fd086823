// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// Syntax and wrapper objects reach the keys of a text past every guard.
exports.main = async () => ({ ...new String('x'.repeat(1e8)) })
