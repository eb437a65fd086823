// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.reduce.call({ length: 2 ** 53 - 1 }, Math.max, 0)
