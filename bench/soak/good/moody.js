const kept = []

/** Answers at once, like most; what else it may be told to do must not touch those that came with it. */
exports.main = async ({ nonce, userInfo, mood }) => {
  if (mood === 'loop') for (;;);
  if (mood === 'bomb') for (;;) kept.push({ number: kept.length, list: [1, 2, 3] })
  if (mood === 'silence') return new Promise(() => {})
  if (mood === 'throw') throw new Error(nonce)
  if (mood === 'huge') return 'x'.repeat(7 * 1024 * 1024)
  return { nonce, openid: userInfo.openId }
}
