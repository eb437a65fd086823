// class: heap
// Work for the collector: references that it has to look at each time.
exports.main = async () => {
  const registry = new FinalizationRegistry(() => {})
  const kept = []
  for (let round = 0; ; round++) {
    const target = { round }
    registry.register(target, round)
    kept.push(new WeakRef(target))
  }
}
