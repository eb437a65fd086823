// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  for (;;) await null
}
