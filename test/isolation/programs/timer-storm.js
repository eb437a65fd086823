// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_DEADLINE
// timeoutMs: 1000
exports.main = async () => {
  for (;;) setTimeout(() => {}, 1e6)
}
