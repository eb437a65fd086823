// expect: CLOUDLET_VALUE CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// Each level makes the next one: the result has no end.
const next = () => ({ toJSON: () => [next()] })
exports.main = async () => next()
