// expect: completed
// Some old polyfills do this: a property descriptor that inherits a getter is none.
Object.prototype.get = function () {}
exports.main = async () => 1
