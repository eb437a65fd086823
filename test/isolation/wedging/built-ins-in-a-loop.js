// expect: CLOUDLET_MEMORY_LIMIT
// Optimised, the loop holds only calls of built-ins, and TurboFan leaves out the check by which a thread is ended.
exports.main = async () => {
  const kept = []
  for (;;) kept.push(new Array(1000).fill(1.5))
}
