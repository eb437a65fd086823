// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  const bytes = new Uint8Array(8e6)
  // Several in a round: V8 looks whether to stop once in some thousand rounds.
  for (;;) {
    bytes.indexOf(1)
    bytes.indexOf(2)
    bytes.indexOf(3)
    bytes.indexOf(4)
    bytes.indexOf(5)
    bytes.indexOf(6)
    bytes.indexOf(7)
    bytes.indexOf(8)
  }
}
