// expect: CLOUDLET_DEADLINE
exports.main = async () => {
  for (;;) console.log('x'.repeat(1e5), { deep: { er: [1, 2, 3] } })
}
