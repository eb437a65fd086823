// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Math.max.apply(null, new Array(1e8))
