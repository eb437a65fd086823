// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => [].concat({ length: 2 ** 32 - 1, [Symbol.isConcatSpreadable]: true })
