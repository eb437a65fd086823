// class: long texts
// Nine characters for each one.
exports.main = async () => encodeURIComponent('\u4e00'.repeat(1e8))
