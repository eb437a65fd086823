// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.flatMap.call({ length: 2 ** 53 - 1 }, Math.abs)
