const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()
const _ = db.command

const MAX_LENGTH = 200

exports.main = async event => {
  const { OPENID } = cloud.getWXContext()

  const content = typeof event.content === 'string' ? event.content.trim() : ''
  if (content === '') throw new Error('content must not be empty')
  if (content.length > MAX_LENGTH) throw new Error(`content must not be longer than ${MAX_LENGTH}`)

  // Rejects for someone who never logged in.
  const { data: author } = await db.collection('users').doc(OPENID).get()

  const message = {
    authorId: OPENID,
    authorName: author.nickName,
    content,
    likeCount: 0,
    likedBy: [],
    createdAt: db.serverDate(),
  }
  // A file the page has uploaded.
  if (/^cloud:\/\//.test(event.picture)) message.picture = event.picture
  if (event.place) message.place = new db.Geo.Point(event.place.longitude, event.place.latitude)

  const { _id } = await db.collection('messages').add({ data: message })
  await db
    .collection('users')
    .doc(OPENID)
    .update({ data: { messageCount: _.inc(1) } })
  return { id: _id }
}
