const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()

// One page of messages, newest first or most liked first, and how many there are in all.
exports.main = async event => {
  const { OPENID } = cloud.getWXContext()
  const page = Math.max(1, Number(event.page) || 1)
  const size = Math.min(50, Math.max(1, Number(event.size) || 10))

  const query = db.collection('messages').where(event.mine ? { authorId: OPENID } : {})
  const ordered = event.mostLiked ? query.orderBy('likeCount', 'desc') : query
  const [{ total }, { data }] = await Promise.all([
    query.count(),
    ordered
      .orderBy('createdAt', 'desc')
      // Messages of the same millisecond keep one order from page to page.
      .orderBy('_id', 'desc')
      .skip((page - 1) * size)
      .limit(size)
      .field({ authorName: true, content: true, likeCount: true, likedBy: true, createdAt: true })
      .get(),
  ])

  const messages = data.map(({ likedBy, ...message }) => ({ ...message, liked: likedBy.includes(OPENID) }))
  return { total, messages, hasMore: page * size < total }
}
