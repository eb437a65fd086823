// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => new RegExp('('.repeat(1e6) + ')'.repeat(1e6)).test('y')
