// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const endless = (function* () {
    for (;;) yield 1
  })()
  return [...endless].length
}
