// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// Filled part by part, so that the memory limit ends it.
exports.main = async () => Array(1e9).fill(0)
