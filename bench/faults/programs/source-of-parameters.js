// class: source text
exports.main = async () => new Function(`${'a,'.repeat(6e4)}b`, 'return b').length
