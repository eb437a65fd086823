// class: deep structures
// Stacks without a limit, taken at the bottom of a recursion.
exports.main = async () => {
  Error.stackTraceLimit = Infinity
  const errors = []
  const dive = depth => {
    if (depth % 10 === 0) errors.push(new Error('x').stack)
    return dive(depth + 1) + 1
  }
  return dive(0)
}
