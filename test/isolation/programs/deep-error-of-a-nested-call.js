// expect: completed
// What an error carries is written again for each function it passes: it must not overflow the host's stack.
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async event => {
  if (event.isInner) {
    let deep = []
    for (let i = 0; i < 30000; i++) deep = [deep]
    throw Object.assign(new Error('deep'), { deep })
  }
  const failed = await cloud
    .callFunction({ name: 'bad', data: { isInner: true } })
    .catch(error => error.errMsg)
  return failed
}
