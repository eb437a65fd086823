// expect: completed
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async event => {
  if (event.isInner) {
    let deep = []
    for (let i = 0; i < 5000; i++) deep = [deep]
    return deep
  }
  const outcome = await cloud.callFunction({ name: 'bad', data: { isInner: true } }).then(
    () => 'answered',
    error => error.errMsg,
  )
  return outcome
}
