exports.main = async ({ nonce, userInfo, lineCount }) => {
  for (let line = 0; line < lineCount; line++) {
    console.log(`${nonce} ${userInfo.openId}`)
    if (line % 10 === 0) await null
  }
  return { nonce, openid: userInfo.openId }
}
