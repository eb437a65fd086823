// expect: CLOUDLET_DEADLINE
const cloud = require('wx-server-sdk')
cloud.init()
// Each runs in the place of the one that called it; the outermost has the earliest deadline.
exports.main = async ({ depth = 0 }) => {
  if (depth === 4) for (;;);
  return cloud.callFunction({ name: 'bad', data: { depth: depth + 1 } })
}
