const Redis = require('ioredis')

exports.main = async ({ redis: address }) => {
  const redis = new Redis({ ...address, keyPrefix: 'shop:', maxRetriesPerRequest: 1 })
  await redis.flushdb()
  await redis.set('name', '小明', 'EX', 60)
  await redis.hset('user:1', { name: 'Ming', balance: 10 })
  await redis.rpush('list', 'a', 'b', 'c')
  await redis.zadd('scores', 3, 'ming', 5, 'hong')
  await redis.setBuffer('bytes', Buffer.from([0, 255, 13, 10]))
  redis.defineCommand('addTwice', {
    numberOfKeys: 1,
    lua: 'redis.call("incrby", KEYS[1], ARGV[1]) return redis.call("incrby", KEYS[1], ARGV[1])',
  })
  const piped = await redis.pipeline().incr('visits').incr('visits').get('visits').exec()
  const traded = await redis.multi().hincrby('user:1', 'balance', -4).hget('user:1', 'balance').exec()
  const wrong = await redis.lpush('name', 'x').catch(error => error)
  const subscriber = redis.duplicate()
  const heard = new Promise(resolve => subscriber.on('message', (channel, text) => resolve([channel, text])))
  await subscriber.subscribe('news')
  await redis.publish('news', '开门')
  const scanned = []
  for await (const keys of redis.scanStream({ match: 'shop:*', count: 2 })) scanned.push(...keys)
  const result = {
    name: await redis.get('name'),
    ttl: (await redis.ttl('name')) > 50,
    user: await redis.hgetall('user:1'),
    list: await redis.lrange('list', 0, -1),
    top: await redis.zrevrange('scores', 0, 0, 'WITHSCORES'),
    bytes: [...(await redis.getBuffer('bytes'))],
    twice: await redis.addTwice('visits', 5),
    large: (await redis.set('large', 'x'.repeat(300_000))) && (await redis.get('large')).length,
    piped: piped.map(([, value]) => value),
    traded: traded.map(([, value]) => value),
    wrong: [wrong.name, wrong.message.split(' ')[0]],
    heard: await heard,
    scanned: scanned.sort(),
  }
  await Promise.all([redis.quit(), subscriber.quit()])
  return result
}
