// expect: completed CLOUDLET_OVERLOADED
// timeoutMs: 1000
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async () => {
  ;(async () => {
    for (;;)
      await cloud
        .database()
        .collection('none')
        .count()
        .catch(() => {})
  })()
  return 1
}
