// class: arithmetic of huge numbers
// Sixty-seven million bits, written in decimal.
exports.main = async () => ((1n << (1n << 26n)) - 1n).toString().length
