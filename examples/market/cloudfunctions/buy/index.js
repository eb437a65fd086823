const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()
const _ = db.command

// Takes one from the stock and writes the order: both, or neither.
exports.main = async ({ goodsId }) => {
  const { OPENID } = cloud.getWXContext()
  // When others buy the same at this moment it starts over, up to ten times.
  return db.runTransaction(async transaction => {
    const goods = transaction.collection('goods').doc(goodsId)
    const { data } = await goods.get()
    if (data.stock === 0) throw new Error(`${data.name} is sold out`)
    await goods.update({ data: { stock: _.inc(-1) } })
    const { _id } = await transaction.collection('orders').add({
      data: { _openid: OPENID, goodsId, price: data.price, at: db.serverDate() },
    })
    return { orderId: _id, left: data.stock - 1 }
  }, 10)
}
