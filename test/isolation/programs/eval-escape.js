// expect: completed
// Whatever a function digs out of its globals is its own isolate's.
exports.main = async () => {
  const found = []
  const dig = (value, depth) => {
    if (depth === 0 || (typeof value !== 'object' && typeof value !== 'function') || value === null) return
    for (const key of Reflect.ownKeys(value)) {
      let next
      try {
        next = value[key]
      } catch {
        continue
      }
      if (String(key).match(/^(ivm|isolate|binding|mainModule|__cloudlet)/i)) found.push(String(key))
      dig(next, depth - 1)
    }
  }
  dig(globalThis, 3)
  try {
    found.push(...Object.keys(Function('return process.mainModule')()))
  } catch {}
  if (found.length > 0) throw new Error(`found ${found}`)
  return 'nothing'
}
