// expect: CLOUDLET_VALUE CLOUDLET_MEMORY_LIMIT CLOUDLET_FUNCTION_THREW
exports.main = async () => new Uint8Array(4e6)
