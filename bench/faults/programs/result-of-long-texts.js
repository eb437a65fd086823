// class: results
// Three gigabytes for whoever copies it; one megabyte for the function.
exports.main = async () => Array(3000).fill('x'.repeat(1e6))
