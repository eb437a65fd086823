const tencentcloud = require('tencentcloud-sdk-nodejs')

exports.main = async ({ http }) => {
  const options = {
    credential: { secretId: 'AKID-1', secretKey: 'a-secret-key' },
    region: 'ap-guangzhou',
    profile: { httpProfile: { protocol: 'http://', endpoint: new URL(http).host } },
  }
  const sms = new tencentcloud.sms.v20210111.Client(options)
  const sent = await sms.SendSms({
    PhoneNumberSet: ['+8613800000000'],
    SmsSdkAppId: '1400000001',
    SignName: '商店',
    TemplateId: '7839',
    TemplateParamSet: ['5678'],
  })
  const ocr = new tencentcloud.ocr.v20181119.Client({
    ...options,
    profile: { ...options.profile, signMethod: 'HmacSHA256' },
  })
  const failed = await ocr.GeneralBasicOCR({ ImageBase64: '' }).catch(error => error)
  return {
    sent: sent.SendStatusSet.map(({ PhoneNumber, Code }) => [PhoneNumber, Code]),
    failed: [failed.name, failed.code, failed.message],
    services: Object.keys(tencentcloud).length > 100,
  }
}
