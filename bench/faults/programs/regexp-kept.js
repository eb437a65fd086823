// class: regular expressions
// Compiled code of many patterns, each with ten thousand characters of its own.
exports.main = async () => {
  const kept = []
  for (let round = 0; ; round++) {
    const pattern = new RegExp(`${round}${'[ab]c?'.repeat(1600)}`)
    pattern.test(`${round}`)
    kept.push(pattern)
  }
}
