// expect: completed CLOUDLET_MEMORY_LIMIT
// Hundreds of megabytes of documents asked for at once: they come as the function takes them, not all in one go.
const cloud = require('wx-server-sdk')
cloud.init()
const db = cloud.database()
exports.main = async () => {
  try {
    await db.createCollection('pages')
  } catch (error) {
    if (!String(error.message).includes('exist')) throw error
  }
  const { total } = await db.collection('pages').count()
  for (let count = total; count < 10; count++) {
    await db.collection('pages').add({ data: { text: 'x'.repeat(400_000) } })
  }
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, () => db.collection('pages').limit(10).get()),
  )
  for (const { value, reason } of outcomes) {
    if (value !== undefined && value.data.some(({ text }) => text.length !== 400_000)) throw new Error('cut')
    if (reason !== undefined && !String(reason.message).includes('CLOUDLET_OVERLOADED')) throw reason
  }
}
