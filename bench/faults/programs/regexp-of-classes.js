// class: regular expressions
// Case folding by ICU, of every class in a long pattern.
exports.main = async () => new RegExp('[\\p{L}--[a-z]]'.repeat(3000), 'vi').test('x')
