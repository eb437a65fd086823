const https = require('https')
const QcloudSms = require('qcloudsms_js')

/** The library knows one address only: its name is made to lead to the local server, whose certificate has that name. */
exports.main = async ({ https: local, ca }) => {
  const before = { ...https.globalAgent.options }
  Object.assign(https.globalAgent.options, { ca, port: Number(new URL(local).port), lookup: lookUpLocally })
  try {
    const sms = QcloudSms('1400000001', 'an-app-key')
    const one = await send(sms.SmsSingleSender(), 'sendWithParam', [
      86,
      '13800000000',
      7839,
      ['5678'],
      '商店',
      '',
      '',
    ])
    const many = await send(sms.SmsMultiSender(), 'send', [
      0,
      86,
      ['13800000000', '13800000001'],
      '到了',
      '',
      '',
    ])
    return { one, many }
  } finally {
    https.globalAgent.options = before
  }
}

function send(sender, method, args) {
  return new Promise((resolve, reject) => {
    sender[method](...args, (error, response, data) => {
      if (error) reject(error)
      else resolve({ status: response.statusCode, host: response.req.host, data })
    })
  })
}

function lookUpLocally(_name, options, callback) {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
