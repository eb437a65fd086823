// class: source text
// One expression of a million operands.
exports.main = async () => eval(`0${'+1'.repeat(1e6)}`)
