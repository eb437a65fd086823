// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => new Intl.NumberFormat({ length: 2 ** 53 - 1 })
