// expect: CLOUDLET_DEADLINE
exports.main = (event, context, callback) => {
  setInterval(() => {}, 1)
  callback(null, 1)
}
