// expect: completed CLOUDLET_DEADLINE CLOUDLET_OVERLOADED
// timeoutMs: 1000
exports.main = async () => {
  ;(async () => {
    for (;;) await null
  })()
  return 1
}
