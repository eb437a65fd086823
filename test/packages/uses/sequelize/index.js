const { DataTypes, Op, Sequelize } = require('sequelize')

exports.main = async ({ mysql: { host, port, user, password, database } }) => {
  const sequelize = new Sequelize(database, user, password, { host, port, dialect: 'mysql', logging: false })
  const User = sequelize.define('User', {
    name: { type: DataTypes.STRING, unique: true },
    balance: { type: DataTypes.INTEGER, defaultValue: 0, validate: { min: 0 } },
    tags: DataTypes.JSON,
  })
  const Order = sequelize.define('Order', { price: DataTypes.INTEGER })
  User.hasMany(Order)
  Order.belongsTo(User)
  await sequelize.sync({ force: true })
  const ming = await User.create({ name: '小明', balance: 10, tags: ['vip'] })
  await User.bulkCreate([
    { name: 'Hong', balance: 30 },
    { name: 'Lei', balance: 5 },
  ])
  await ming.createOrder({ price: 4 })
  await ming.createOrder({ price: 5 })
  const invalid = await User.create({ name: 'x', balance: -1 }).catch(error => error)
  const twice = await User.create({ name: 'Lei' }).catch(error => error)
  const failed = await sequelize
    .transaction(async transaction => {
      await ming.decrement('balance', { by: 3, transaction })
      throw new Error('no tea')
    })
    .catch(error => error)
  const found = await User.findOne({
    where: { name: '小明' },
    include: Order,
    order: [[Order, 'price', 'DESC']],
  })
  const rich = await User.findAll({ where: { balance: { [Op.gte]: 10 } }, order: ['name'], raw: true })
  const result = {
    found: [found.name, found.balance, found.Orders.map(({ price }) => price)],
    rich: rich.map(({ name }) => name),
    total: await User.sum('balance'),
    invalid: invalid.name,
    twice: twice.name,
    failed: failed.message,
  }
  await sequelize.close()
  return result
}
