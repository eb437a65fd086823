// class: failures with code in them
// timeoutMs: 700
exports.main = async () => {
  const looping = {
    get name() {
      for (;;);
    },
  }
  await Promise.any([
    Promise.reject(looping),
    Promise.reject(Object.assign(new Error('x'), { cause: looping })),
  ])
}
