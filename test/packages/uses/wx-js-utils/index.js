const { WXPay, WXPayConstants, WXPayUtil } = require('wx-js-utils')

exports.main = async ({ http }) => {
  WXPayConstants.UNIFIEDORDER_URL = `${http}/pay/unifiedorder`
  WXPayConstants.ORDERQUERY_URL = `${http}/pay/orderquery`
  const pay = new WXPay({
    appId: 'wx0000000000000001',
    mchId: '1900000001',
    key: 'a-partner-key-of-32-characters-1',
    timeout: 5000,
  })
  const order = await pay.unifiedOrder({
    body: '一杯茶',
    out_trade_no: 'T42',
    total_fee: 990,
    spbill_create_ip: '127.0.0.1',
    notify_url: 'https://example.com/notify',
    trade_type: 'JSAPI',
    openid: 'o-1',
  })
  const query = await pay.orderQuery({ out_trade_no: 'T42' })
  const signed = await WXPayUtil.generateSignedXml({ a: '一', b: 2 }, 'key', 'HMAC-SHA256')
  return {
    prepayId: order.prepay_id,
    description: order.body,
    state: query.trade_state,
    signed,
    back: await WXPayUtil.xml2obj(signed),
    nonce: WXPayUtil.generateNonceStr().length,
  }
}
