// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  const bytes = new Uint8Array(8e6)
  for (;;) bytes.indexOf(1)
}
