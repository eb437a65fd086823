// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Object.keys('x'.repeat(1e8))
