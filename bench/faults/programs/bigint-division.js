// class: arithmetic of huge numbers
exports.main = async () => {
  const large = (1n << (1n << 27n)) - 1n
  return large / ((1n << (1n << 26n)) - 3n) > 0n
}
