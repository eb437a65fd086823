const protobuf = require('protobufjs')

exports.main = async () => {
  const root = await protobuf.load(`${__dirname}/order.proto`)
  const Order = root.lookupType('shop.Order')
  const value = {
    id: 42,
    name: '茶',
    prices: [9.5, 20],
    state: 1,
    owner: { openid: 'o-1' },
    labels: { a: 'b' },
  }
  const bytes = Order.encode(Order.create(value)).finish()
  const inline = protobuf.parse('syntax = "proto3"; message Big { int64 n = 1; bytes raw = 2; }').root
  const Big = inline.lookupType('Big')
  const big = Big.decode(
    Big.encode({ n: protobuf.util.Long.fromString('9007199254740993'), raw: Buffer.from('x') }).finish(),
  )
  return {
    hex: Buffer.from(bytes).toString('hex'),
    back: Order.toObject(Order.decode(bytes), { enums: String }),
    invalid: Order.verify({ id: 'x' }),
    big: [big.n.toString(), Buffer.isBuffer(big.raw)],
  }
}
