// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => Math.max(...new Array(1e8))
