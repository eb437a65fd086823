// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => `${(1n << (1n << 28n)) - 1n}`.length
