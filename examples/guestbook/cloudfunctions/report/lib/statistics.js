const { groupBy } = require('./group')

exports.summarise = messages => ({
  messageCount: messages.length,
  authorCount: groupBy(messages, message => message.authorId).size,
  likeCount: sumLikes(messages),
})

exports.rankAuthors = messages =>
  [...groupBy(messages, message => message.authorId).values()]
    .map(written => ({
      name: written[0].authorName,
      messageCount: written.length,
      likeCount: sumLikes(written),
    }))
    .sort((one, other) => other.likeCount - one.likeCount || other.messageCount - one.messageCount)

function sumLikes(messages) {
  return messages.reduce((sum, message) => sum + message.likeCount, 0)
}
