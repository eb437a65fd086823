// expect: completed CLOUDLET_DEADLINE
// timeoutMs: 1000
exports.main = async () => {
  setTimeout(() => {
    for (;;);
  }, 1)
  setInterval(() => {
    for (;;);
  }, 1)
  return 1
}
