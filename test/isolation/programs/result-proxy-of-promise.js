// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_DEADLINE completed
exports.main = () => new Proxy(Promise.resolve(1), { get: (promise, key) => promise[key] })
