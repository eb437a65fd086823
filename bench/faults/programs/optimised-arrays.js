// class: heap
// memoryMb: 16
// calls: 12
// inFlight: 4
// The loop is optimised before the heap is full, and the young generation is copied into what isn't there.
const grow = () => {
  const kept = []
  for (let round = 0; ; round++) {
    const numbers = []
    for (let index = 0; index < 1000; index++) numbers.push(index + round * 0.5)
    kept.push(numbers)
  }
}
exports.main = async () => grow()
