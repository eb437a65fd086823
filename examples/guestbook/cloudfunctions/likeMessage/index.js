const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()
const _ = db.command
const messages = db.collection('messages')

exports.main = async event => {
  const { OPENID } = cloud.getWXContext()

  // The condition and the change are one step, so even a double tap counts once.
  const { stats } = await messages.where({ _id: event.id, likedBy: _.neq(OPENID) }).update({
    data: { likeCount: _.inc(1), likedBy: _.addToSet(OPENID) },
  })

  // Rejects when there is no such message.
  const { data: message } = await messages.doc(event.id).get()
  return { liked: stats.updated === 1, likeCount: message.likeCount }
}
