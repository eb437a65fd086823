// class: source text
// Whether a bracket starts parameters shows at its end only.
exports.main = async () => eval(`${'(a='.repeat(4000)}1${')'.repeat(4000)}`)
