// expect: CLOUDLET_DEADLINE
// A loop that is interpreted looks at the deadline once in some thousand rounds, and here each takes a second.
exports.main = async () => {
  const factor = (1n << (1n << 26n)) - 1n
  for (;;) factor * factor
}
