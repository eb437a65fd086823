// expect: CLOUDLET_DEADLINE
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async () => {
  await cloud
    .database()
    .createCollection('c')
    .catch(() => {})
  queueMicrotask(() => {
    for (;;);
  })
  await new Promise(() => {})
}
