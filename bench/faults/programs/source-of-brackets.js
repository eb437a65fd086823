// class: source text
exports.main = async () => eval(`${'['.repeat(1e6)}${']'.repeat(1e6)}`)
