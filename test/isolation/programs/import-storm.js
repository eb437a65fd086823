// expect: CLOUDLET_DEADLINE
let count = 0
exports.main = async () => {
  for (;;) await import(`./none-${count++}.mjs`).catch(() => {})
}
