const cloud = require('wx-server-sdk')
cloud.init()

exports.main = async () => {
  await cloud.database().collection('fixed').count()
  for (;;);
}
