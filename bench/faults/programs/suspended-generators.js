// class: heap
exports.main = async () => {
  const kept = []
  for (;;) {
    const generator = (function* () {
      const own = new Array(64).fill(1.5)
      yield own
    })()
    generator.next()
    kept.push(generator)
  }
}
