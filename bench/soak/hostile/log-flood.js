exports.main = async ({ nonce, userInfo }) => {
  for (let line = 0; line < 5000; line++) console.log(`${nonce} ${userInfo.openId}`)
  return { nonce, openid: userInfo.openId }
}
