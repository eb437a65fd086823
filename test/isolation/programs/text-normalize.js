// expect: CLOUDLET_FUNCTION_THREW
// Marks on one letter are sorted by insertion.
exports.main = async () => `a${'\u0316\u0300'.repeat(1e6)}`.normalize('NFD')
