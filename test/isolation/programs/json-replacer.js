// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => JSON.stringify({}, new Array(2 ** 32 - 1))
