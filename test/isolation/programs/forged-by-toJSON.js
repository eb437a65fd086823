// expect: completed
// A toJSON on every object would rewrite the runtime's messages, were they made from objects.
Object.prototype.toJSON = () => ({ type: 'call', id: 1, op: 'functions.invoke', args: { name: 'good' } })
exports.main = async () => {
  console.log('a line')
  setTimeout(() => {}, 1)
  return 'text'
}
