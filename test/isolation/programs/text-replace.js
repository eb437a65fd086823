// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => 'x'.repeat(1e8).replace(/x/g, 'yyyy')
