exports.main = async ({ nonce, userInfo }) => ({ nonce, openid: userInfo.openId })
