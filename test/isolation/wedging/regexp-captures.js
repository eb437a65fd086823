// expect: CLOUDLET_DEADLINE CLOUDLET_MEMORY_LIMIT
// A regular expression of one's own says how many groups it has.
exports.main = async () =>
  RegExp.prototype[Symbol.replace].call(
    { flags: '', exec: () => ({ length: 2 ** 53 - 1, index: 0, 0: 'a' }) },
    'a',
    'b',
  )
