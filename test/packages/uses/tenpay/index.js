const tenpay = require('tenpay')

exports.main = async ({ http }) => {
  const api = tenpay.init({
    appid: 'wx0000000000000001',
    mchid: '1900000001',
    partnerKey: 'a-partner-key-of-32-characters-1',
    notify_url: 'https://example.com/notify',
  })
  api.urls.unifiedorder = `${http}/pay/unifiedorder`
  api.urls.orderquery = `${http}/pay/orderquery`
  const order = {
    out_trade_no: 'T42',
    body: '一杯茶',
    total_fee: '990',
    openid: 'o-1',
    trade_type: 'JSAPI',
  }
  const answer = await api.unifiedOrder(order)
  const params = await api.getPayParams(order)
  const { paySign, timestamp, ...signed } = params
  const wrong = tenpay.init({ ...api, partnerKey: 'another-key' })
  wrong.urls.unifiedorder = api.urls.unifiedorder
  const refused = await wrong.unifiedOrder(order).catch(error => error)
  return {
    prepayId: answer.prepay_id,
    description: answer.body,
    package: params.package,
    isSigned: paySign === api._getSign(signed) && timestamp === signed.timeStamp,
    state: (await api.orderQuery({ out_trade_no: 'T42' })).trade_state,
    refused: refused.message,
    fixed: api._getSign({ b: 2, a: '一', sign: 'x', empty: '' }, 'HMAC-SHA256'),
  }
}
