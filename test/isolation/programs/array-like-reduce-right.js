// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => Array.prototype.reduceRight.call({ length: 2 ** 53 - 1 }, Math.max, 0)
