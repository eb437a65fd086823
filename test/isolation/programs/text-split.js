// expect: CLOUDLET_FUNCTION_THREW
// More parts than the largest array holds: V8 would abort the process.
exports.main = async () => 'x'.repeat(2 ** 29 - 24).split('')
