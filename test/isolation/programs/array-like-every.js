// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.every.call({ length: 2 ** 53 - 1 }, Boolean)
