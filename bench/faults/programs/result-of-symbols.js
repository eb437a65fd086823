// class: results
// What can't be cloned, in each place where a result may hold something.
exports.main = async () => ({
  symbol: Symbol('x'),
  half: new Float16Array(4),
  call: () => 1,
  weak: new WeakMap([[{}, 1]]),
  memory: new WebAssembly.Memory({ initial: 1 }),
  [Symbol.toPrimitive]: 1,
})
