// expect: CLOUDLET_DEADLINE
// 4,000,000,000,000 comparisons, in parts.
exports.main = async () => 'a'.repeat(4e6).lastIndexOf(`${'a'.repeat(2e6)}b`)
