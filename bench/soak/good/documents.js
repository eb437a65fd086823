const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
const db = cloud.database()
const _ = db.command

/** Adds, changes, reads and removes a document of its own, and counts itself once under its caller. */
exports.main = async ({ nonce }) => {
  const { OPENID } = cloud.getWXContext()
  const notes = db.collection('notes')
  await notes.add({ data: { _id: nonce, owner: OPENID, steps: 1 } })
  await notes.doc(nonce).update({ data: { steps: _.inc(1) } })
  const { data } = await notes.doc(nonce).get()
  const { stats } = await notes.where({ _id: nonce, owner: OPENID }).remove()
  await db
    .collection('tallies')
    .doc(OPENID)
    .update({ data: { documents: _.inc(1) } })
  return { nonce: data._id, openid: data.owner, steps: data.steps, removed: stats.removed }
}
