// class: giant lists
// As many arguments as there are places in an empty list, for a function that takes any number.
exports.main = async () => Reflect.apply(Math.min, undefined, { length: 2 ** 32 - 1 })
