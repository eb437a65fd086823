exports.main = async () => {
  const kept = []
  for (;;) kept.push({ number: kept.length, list: [1, 2, 3] })
}
