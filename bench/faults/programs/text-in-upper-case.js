// class: long texts
// One letter that becomes three in upper case, in a text whose longest form no text may have.
exports.main = async () => '\ufb03'.repeat(2 ** 28).toLocaleUpperCase('tr')
