// expect: CLOUDLET_DEADLINE
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = () =>
  cloud.callFunction({ name: 'good', data: { n: 1 } }).then(() => {
    for (;;);
  })
