const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()

/**
 * Answers with an interval running and a write under way: the interval may not go on under the next caller, and the
 * write must arrive. It waits a little, so that intervals of others would have time to fire meanwhile.
 */
exports.main = async ({ nonce, waitMs }) => {
  const { OPENID } = cloud.getWXContext()
  const log = () => console.log(`${nonce} ${cloud.getWXContext().OPENID}`)
  log()
  setInterval(log, 1)
  await new Promise(resolve => setTimeout(resolve, waitMs))
  const update = { data: { left: db.command.inc(1) } }
  void db.collection('tallies').doc(OPENID).update(update)
  return { nonce, openid: OPENID }
}
