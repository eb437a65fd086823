// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.flat.call({ length: 2 ** 53 - 1 })
