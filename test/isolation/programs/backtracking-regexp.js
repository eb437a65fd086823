// expect: CLOUDLET_DEADLINE
exports.main = async () => /^(a+)+$/.test('a'.repeat(40) + 'b')
