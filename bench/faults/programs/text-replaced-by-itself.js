// class: long texts
// Each match is replaced by the whole text around it.
exports.main = async () => 'x'.repeat(1e5).replace(/x/g, "$`$'")
