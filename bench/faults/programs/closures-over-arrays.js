// class: heap
// Each closure keeps an array of a thousand numbers that it never reads.
exports.main = async () => {
  const kept = []
  for (;;) {
    const numbers = new Array(1000).fill(0)
    kept.push(() => numbers)
  }
}
