// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT CLOUDLET_FUNCTION_THREW
exports.main = async () => JSON.parse('['.repeat(1e7) + ']'.repeat(1e7))
