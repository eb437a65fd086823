// expect: CLOUDLET_FUNCTION_THREW CLOUDLET_DEADLINE
// Each of these asks the host: how often, is bounded.
const fs = require('fs')
exports.main = async () => {
  for (let count = 0; ; count++) {
    if (fs.existsSync(`/var/user/${count}`)) throw new Error('there is such a file')
  }
}
