// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.sort.call({ length: 2 ** 53 - 1 })
