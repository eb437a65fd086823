// expect: CLOUDLET_DEADLINE
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = () =>
  cloud
    .database()
    .collection('none')
    .count()
    .catch(() => {
      for (;;);
    })
