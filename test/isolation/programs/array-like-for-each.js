// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.forEach.call({ length: 2 ** 53 - 1 }, Math.abs)
