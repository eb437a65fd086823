const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

exports.main = async ({ nonce }) => {
  const { result } = await cloud.callFunction({ name: 'inner', data: { nonce } })
  return { ...result, ownOpenid: cloud.getWXContext().OPENID }
}
