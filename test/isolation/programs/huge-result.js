// expect: CLOUDLET_VALUE CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => Array(3000).fill('x'.repeat(1e6))
