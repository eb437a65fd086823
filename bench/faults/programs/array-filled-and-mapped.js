// class: giant lists
// A real list of a hundred million places, mapped: one loop of native code for each step.
exports.main = async () =>
  Array(1e8)
    .fill(0)
    .map((_, index) => index)
    .reverse().length
