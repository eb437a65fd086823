// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.from({ length: 1e9 })
