// expect: CLOUDLET_MEMORY_LIMIT CLOUDLET_DEADLINE
// Optimised, the loop holds only calls of built-ins, and TurboFan leaves out the check by which a thread is ended.
function grow(rounds) {
  const kept = []
  for (let round = 0; round !== rounds; round++) kept.push(new Array(1000).fill(1.5))
}
exports.main = async () => {
  const optimisedMs = Date.now() + 1500
  while (Date.now() < optimisedMs) grow(100)
  grow(-1)
}
