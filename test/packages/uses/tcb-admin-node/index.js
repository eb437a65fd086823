const cloud = require('tcb-admin-node')

exports.main = async ({ http }) => {
  const app = cloud.init({
    secretId: 'AKID-1',
    secretKey: 'a-secret-key',
    env: 'shop-1',
    serviceUrl: `${http}/tcb/admin`,
  })
  const db = app.database()
  const _ = db.command
  const added = await db
    .collection('orders')
    .add({ price: 9.5, made: new Date(0), at: new db.Geo.Point(110, 30) })
  const found = await db
    .collection('orders')
    .where({ price: _.gt(5).and(_.lt(50)) })
    .limit(10)
    .get()
  const called = await app.callFunction({ name: 'sum', data: { a: 1, b: 2 } })
  const failed = await app.callFunction({ name: 'missing' }).catch(error => error)
  return { added: added.id, found: found.data, called: called.result, failed: failed.code }
}
