exports.main = async () => {
  const descend = depth => descend(depth + 1) + 1
  return descend(0)
}
