// expect: CLOUDLET_DEADLINE
exports.main = async () => Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)
