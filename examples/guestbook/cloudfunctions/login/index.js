const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()
const _ = db.command
const users = db.collection('users')

// Makes the user's profile at the first visit and counts the later ones.
exports.main = async event => {
  const { OPENID, APPID, UNIONID } = cloud.getWXContext()

  const changes = { visitCount: _.inc(1), lastVisitAt: db.serverDate() }
  if (event.nickName) changes.nickName = event.nickName
  const { stats } = await users.doc(OPENID).update({ data: changes })

  if (stats.updated === 0) {
    const profile = {
      _id: OPENID,
      nickName: event.nickName || 'Guest',
      visitCount: 1,
      messageCount: 0,
      firstVisitAt: db.serverDate(),
      lastVisitAt: db.serverDate(),
    }
    try {
      await users.add({ data: profile })
    } catch (error) {
      // Two first visits at once: the other one has made the profile.
      if (!/duplicate key/i.test(error.errMsg)) throw error
    }
  }

  const { data: user } = await users.doc(OPENID).get()
  return { openid: OPENID, appid: APPID, unionid: UNIONID, user }
}
