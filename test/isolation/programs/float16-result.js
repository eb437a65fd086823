// expect: completed
// isolated-vm aborts the process when it copies one; the runtime sends JSON only.
exports.main = async () => new Float16Array(4)
