// expect: CLOUDLET_MEMORY_LIMIT CLOUDLET_DEADLINE
exports.main = async () => {
  const endless = (function* () {
    for (;;) yield 1
  })()
  return [...endless].length
}
