// class: deep structures
// Each promise waits for the one before it, and all settle at once.
exports.main = async () => {
  let settle
  let promise = new Promise(resolve => {
    settle = resolve
  })
  for (let depth = 0; depth < 3e5; depth++) {
    const before = promise
    promise = (async () => await before)()
  }
  settle(1)
  return promise
}
