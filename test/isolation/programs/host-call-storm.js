// expect: CLOUDLET_MEMORY_LIMIT
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async () => {
  for (;;) cloud.callFunction({ name: 'good', data: { text: 'x'.repeat(1e5) } }).catch(() => {})
}
