// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => String.raw({ raw: { length: 2 ** 53 - 1 } })
