// class: arithmetic of huge numbers
exports.main = async () => BigInt('9'.repeat(3e7)) > 0n
