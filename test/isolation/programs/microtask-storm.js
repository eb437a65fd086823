// expect: CLOUDLET_MEMORY_LIMIT CLOUDLET_DEADLINE
exports.main = async () => {
  const again = () => Promise.resolve().then(again)
  await again()
}
