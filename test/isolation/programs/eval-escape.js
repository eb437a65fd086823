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
      if (String(key).match(/^(ivm|isolate|internalBinding|_linkedBinding|mainModule|__cloudlet)/i))
        found.push(String(key))
      dig(next, depth - 1)
    }
  }
  dig(globalThis, 3)
  try {
    found.push(...Object.keys(Function('return process.mainModule')()))
  } catch {}
  // Packages look `process.binding` up; it has sizes of buffers, and nothing that reaches out.
  for (const name of [
    'fs',
    'natives',
    'spawn_sync',
    'process_wrap',
    'contextify',
    'tcp_wrap',
    'util',
    'config',
  ]) {
    try {
      found.push(name, ...Object.keys(process.binding(name)))
    } catch {}
  }
  if (found.length > 0) throw new Error(`found ${found}`)
  return 'nothing'
}
