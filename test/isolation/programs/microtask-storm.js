// expect: CLOUDLET_MEMORY_LIMIT
exports.main = async () => {
  const again = () => Promise.resolve().then(again)
  await again()
}
