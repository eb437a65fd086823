// class: JSON
// A million keys, none of which V8 has seen before.
exports.main = async () => {
  const keys = Array.from({ length: 1e6 }, (_, index) => `"k${index}":{}`)
  return Object.keys(JSON.parse(`{${keys}}`)).length
}
