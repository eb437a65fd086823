const uuid = require('node-uuid')

exports.main = async () => {
  const fixed = { node: [1, 35, 69, 103, 137, 171], clockseq: 4660, msecs: 1_580_000_000_000, nsecs: 5678 }
  return {
    v1: uuid.v1(fixed),
    v4: uuid.v4({ random: Array.from({ length: 16 }, (_, index) => index) }),
    isRandom: /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(uuid.v4()),
    different: new Set([uuid.v4(), uuid.v4()]).size,
    parsed: uuid.unparse(uuid.parse('797ff043-11eb-11e1-80d6-510998755d10')),
    buffer: Buffer.from(uuid.v4({}, Buffer.alloc(16))).length,
  }
}
