// expect: CLOUDLET_FUNCTION_THREW
// Each quotation mark becomes six characters: past the longest text V8 would abort the process.
exports.main = async () => 'x'.link('"'.repeat(1e8))
