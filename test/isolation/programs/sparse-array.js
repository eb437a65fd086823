// expect: CLOUDLET_FUNCTION_THREW
// A real array, and nothing in it: its length alone is the work.
exports.main = async () => new Array(2 ** 32 - 1).map(Math.abs)
