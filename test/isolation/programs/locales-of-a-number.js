// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => (1).toLocaleString({ length: 2 ** 53 - 1 })
