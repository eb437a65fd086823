// No path leads here: it is called by those who have a token, and knows who they are.
const cloud = require('wx-server-sdk')
cloud.init()

exports.main = ({ greeting = 'Hello' }) => `${greeting}, ${cloud.getWXContext().OPENID}!`
