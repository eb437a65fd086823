// class: innocent code
// calls: 6
// inFlight: 6
// timeoutMs: 3000
// Six compute at once, on fewer cores, each for less than its time limit.
exports.main = async () => {
  let hash = 0
  const untilMs = Date.now() + 250
  while (Date.now() < untilMs)
    for (let turn = 0; turn < 1e5; turn++) hash = Math.imul(hash ^ turn, 16_777_619)
  return hash
}
