// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 1)
