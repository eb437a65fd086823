// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Object.assign({}, 'x'.repeat(1e8))
