// expect: completed CLOUDLET_FUNCTION_THREW
// The runtime uses what it captured before this ran; the second call trips over its own replacements.
const fail = () => {
  throw new Error('a replaced built-in was called')
}
exports.main = async () => {
  for (const key of ['push', 'map', 'forEach', 'join', 'slice']) Array.prototype[key] = fail
  for (const key of ['get', 'set', 'delete', 'forEach']) Map.prototype[key] = fail
  for (const key of ['slice', 'split', 'indexOf', 'startsWith', 'replace']) String.prototype[key] = fail
  Array.prototype[Symbol.iterator] = fail
  Promise.prototype.then = fail
  Promise.resolve = fail
  JSON.parse = fail
  JSON.stringify = fail
  Object.keys = fail
  Date.now = fail
  Reflect.apply = fail
  Function.prototype.call = fail
  Function.prototype.apply = fail
  Function.prototype.bind = fail
  globalThis.Promise = fail
  globalThis.Map = fail
  console.log('still logging')
  return 'survived'
}
