// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.join.call({ length: 2 ** 32 - 1 }, '')
