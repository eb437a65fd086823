exports.main = async () => {
  for (;;) await null
}
