exports.main = async ({ nonce, userInfo, text }) => ({ nonce, openid: userInfo.openId, text })
