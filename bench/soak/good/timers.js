const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

let insideCount = 0

/** Waits a few times, and looks each time whether it is still alone and still asked by the same caller. */
exports.main = async ({ nonce, delaysMs }) => {
  const { OPENID } = cloud.getWXContext()
  let isAlone = true
  let isSame = true
  insideCount++
  for (const delayMs of delaysMs) {
    await new Promise(resolve => setTimeout(resolve, delayMs))
    isAlone &&= insideCount === 1
    isSame &&= cloud.getWXContext().OPENID === OPENID
  }
  insideCount--
  return { nonce, openid: OPENID, isAlone, isSame }
}
