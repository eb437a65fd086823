// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// 15 MB of text, hundreds of objects: V8 would collect garbage for minutes before it came back.
exports.main = async () => JSON.parse(`[${'{},'.repeat(5e6)}{}]`)
