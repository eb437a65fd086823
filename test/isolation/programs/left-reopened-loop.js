// expect: completed CLOUDLET_DEADLINE CLOUDLET_OVERLOADED
// timeoutMs: 1000
// Answers, then keeps its run from ever being over by turns of microtasks and host calls.
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = (event, context) => {
  const again = async () => {
    for (let i = 0; i < 100; i++) await null
    cloud.callFunction({ name: 'good', data: { n: 1 } }).then(again, again)
    setTimeout(again, 1)
  }
  again()
  context.succeed(1)
}
