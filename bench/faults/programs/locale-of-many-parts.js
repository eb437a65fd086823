// class: locales
exports.main = async () => new Intl.Locale(`en-${'abcdefgh-'.repeat(1e6)}x-y`).maximize().toString()
