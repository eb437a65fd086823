// expect: CLOUDLET_FUNCTION_THREW
exports.main = async () => {
  for (;;) setTimeout(() => {}, 1e6)
}
