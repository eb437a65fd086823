// expect: completed
// Poisoning the SDK and the module cache stays in this instance.
const cloud = require('wx-server-sdk')
for (const key of Object.keys(cloud)) {
  try {
    cloud[key] = () => 'poisoned'
  } catch {}
}
require.cache = null
exports.main = async () => 'poisoned'
