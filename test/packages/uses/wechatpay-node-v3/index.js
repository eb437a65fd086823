const WxPay = require('wechatpay-node-v3')

exports.main = async ({ http, cert, key }) => {
  const apiKey = 'an-api-v3-key-of-32-characters-1'
  const pay = new WxPay({
    appid: 'wx0000000000000001',
    mchid: '1900000001',
    publicKey: Buffer.from(cert),
    privateKey: Buffer.from(key),
    key: apiKey,
  })
  // The library's own HTTP, led to the local server.
  const { httpService } = pay
  const local = url => url.replace('https://api.mch.weixin.qq.com', http)
  pay.createHttp({
    get: (url, headers) => httpService.get(local(url), headers),
    post: (url, params, headers) => httpService.post(local(url), params, headers),
  })
  const order = await pay.transactions_jsapi({
    description: '一杯茶',
    out_trade_no: 'T42',
    notify_url: 'https://example.com/notify',
    amount: { total: 990 },
    payer: { openid: 'o-1' },
  })
  const query = await pay.query({ out_trade_no: 'T42' })
  const [certificate] = await pay.get_certificates(apiKey)
  const secret = pay.publicEncrypt('310000', Buffer.from(certificate.publicKey))
  const { headers, body } = query.data
  const verify = text => pay.verifySign({ ...headers, body: text, apiSecret: apiKey })
  return {
    order: [order.status, order.data.package, order.data.signType],
    isSigned: order.data.paySign.length,
    state: JSON.parse(body).trade_state,
    verified: await verify(body),
    forged: await verify(body.replace('SUCCESS', 'REFUND')),
    isSerial: certificate.serial_no === headers.serial,
    secret: pay.privateDecrypt(secret),
    notice: pay.decipher_gcm(...Object.values(JSON.parse(body).notice), apiKey),
  }
}
