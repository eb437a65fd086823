// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.reverse.call({ length: 2 ** 53 - 1 })
