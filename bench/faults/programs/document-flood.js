// class: floods
// timeoutMs: 700
// Writes as fast as the host takes them, each with a large document.
const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
exports.main = async () => {
  const collection = cloud.database().collection('flood')
  for (;;) {
    const adds = Array.from({ length: 50 }, () => collection.add({ data: { text: 'x'.repeat(2e4) } }))
    await Promise.allSettled(adds)
  }
}
