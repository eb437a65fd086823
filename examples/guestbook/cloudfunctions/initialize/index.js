const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()

const COLLECTIONS = ['users', 'messages', 'bookmarks']

// Run once after the first deployment. Running it again changes nothing.
exports.main = async () => {
  const created = []
  const existing = []
  for (const name of COLLECTIONS) {
    try {
      await db.createCollection(name)
      created.push(name)
    } catch (error) {
      if (!/exist/i.test(error.errMsg)) throw error
      existing.push(name)
    }
  }
  return { created, existing }
}
