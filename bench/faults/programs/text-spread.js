// class: long texts
// One element for each character, of the longest text there is.
exports.main = async () => [...'x'.repeat(2 ** 29 - 24)].length
