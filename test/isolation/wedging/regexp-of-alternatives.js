// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
exports.main = async () => new RegExp(`(?:${'a|'.repeat(1e7)})`).test('y')
