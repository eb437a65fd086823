const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

// Everything the "me" page shows in one round trip, put together by the functions that own it.
exports.main = async () => {
  const [login, mine] = await Promise.all([
    cloud.callFunction({ name: 'login' }),
    cloud.callFunction({ name: 'listMessages', data: { mine: true, size: 5 } }),
  ])
  const { openid, user } = login.result
  return { openid, user, latest: mine.result.messages, total: mine.result.total }
}
