// class: giant lists
// timeoutMs: 700
// Sorted natively, which looks at no deadline, and without a comparer in which it would.
exports.main = async () => {
  const numbers = new Float64Array(3e6)
  for (;;) {
    for (let index = 0; index < numbers.length; index++) numbers[index] = Math.sin(index)
    numbers.sort()
  }
}
