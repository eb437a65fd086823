// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)
