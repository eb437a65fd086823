// class: leaving
// calls: 24
// inFlight: 8
// Isolates die of their memory one beside the other, and new ones take their place.
// memoryMb: 16
exports.main = async () => {
  const kept = []
  for (let round = 0; ; round++) kept.push(`${round}`.repeat(1e4).split('1'))
}
