// expect: CLOUDLET_VALUE CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => ({ toJSON: () => 'x'.repeat(1e8) })
