// class: heap
// Fills its heap with the answers of the host, several of them under way at any time.
const cloud = require('wx-server-sdk')
cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
exports.main = async () => {
  const kept = []
  const lane = async () => {
    for (;;) {
      const { result } = await cloud.callFunction({ name: 'good', data: { n: 1, text: 'x'.repeat(1e5) } })
      kept.push(result, new Array(1e5).fill(result))
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}
