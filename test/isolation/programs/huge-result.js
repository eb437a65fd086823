// expect: CLOUDLET_VALUE CLOUDLET_MEMORY_LIMIT
exports.main = async () => Array(600).fill('x'.repeat(1e6))
