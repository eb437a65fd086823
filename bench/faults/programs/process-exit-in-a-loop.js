// class: leaving
// timeoutMs: 700
// Leaves while others of its own run.
// calls: 24
// inFlight: 4
exports.main = async () => {
  setTimeout(() => process.exit(3), 5)
  for (;;) await null
}
