const cloud = require('wx-server-sdk')
cloud.init()

/** Waits for itself, who never answers, until its caller gives up on both. */
exports.main = ({ isInner }) =>
  isInner ? new Promise(() => {}) : cloud.callFunction({ name: 'waits', data: { isInner: true } })
