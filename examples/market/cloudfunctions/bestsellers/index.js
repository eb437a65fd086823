const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

const db = cloud.database()
const $ = db.command.aggregate

// How often each of the goods was sold, and for how much, the most first.
exports.main = async () => {
  const { list } = await db
    .collection('orders')
    .aggregate()
    .group({ _id: '$goodsId', sold: $.sum(1), revenue: $.sum('$price') })
    .sort({ sold: -1, _id: 1 })
    .limit(10)
    .lookup({ from: 'goods', localField: '_id', foreignField: '_id', as: 'goods' })
    .project({ _id: 0, name: $.arrayElemAt(['$goods.name', 0]), sold: 1, revenue: 1 })
    .end()
  return list
}
