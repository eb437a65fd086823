const cloud = require('wx-server-sdk')
cloud.init()

/** More calls at once than an invocation may have waiting: the last ones are refused. */
exports.main = async ({ nonce, userInfo, callCount }) => {
  const fixed = cloud.database().collection('fixed').doc('fixed-0')
  const calls = Array.from({ length: callCount }, () => fixed.get())
  const settled = await Promise.allSettled(calls)
  const refusedCount = settled.filter(({ status }) => status === 'rejected').length
  return { nonce, openid: userInfo.openId, refusedCount }
}
