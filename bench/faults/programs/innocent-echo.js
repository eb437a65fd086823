// class: innocent code
// calls: 6000
// inFlight: 64
// concurrency: 2
// eventChars: 10240
// memoryMb: 32
// timeoutMs: 10000
// Ten kilobytes back and forth, with many under way at once, in little memory.
exports.main = async ({ text }) => ({ text })
