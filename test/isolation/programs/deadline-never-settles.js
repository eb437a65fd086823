// expect: CLOUDLET_DEADLINE
exports.main = () => new Promise(() => {})
