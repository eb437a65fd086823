// expect: CLOUDLET_DEADLINE
exports.main = async () => 'a'.repeat(4e6).includes(`${'a'.repeat(1e6)}b${'a'.repeat(1e6)}`)
