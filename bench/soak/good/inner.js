const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

/** What the functions that call functions call. */
exports.main = async ({ nonce }) => {
  const { OPENID, SOURCE } = cloud.getWXContext()
  return { nonce, openid: OPENID, source: SOURCE }
}
