import { createHash } from 'node:crypto'
import { readUpload, type WebReply, type WebRequest, type WebRoute } from './web-server.ts'

/** Stands in for Tencent Cloud: API 3.0, short messages, image recognition and the platform's admin gateway. */
export const TENCENT_ROUTES: Readonly<Record<string, WebRoute>> = {
  '': serveApi,
  v5: serveSms,
  v1: ({ body }) => ({
    body: { code: 0, tags: [{ tag_name: '茶', of: JSON.parse(body.toString()).appid }] },
  }),
  face: async request => ({ body: { code: 0, read: (await readUpload(request)).body } }),
  tcb: serveAdmin,
}

const SIGNED_V3 =
  /^TC3-HMAC-SHA256 Credential=AKID-1\/[-\d]+\/\w+\/tc3_request, SignedHeaders=.*Signature=[\da-f]{64}$/

function serveApi({ headers, body }: WebRequest): WebReply {
  const action = headers['x-tc-action'] ?? new URLSearchParams(body.toString()).get('Action')
  const respond = (response: object): WebReply => ({ body: { Response: { ...response, RequestId: 'r-1' } } })
  if (action !== 'SendSms') {
    return respond({ Error: { Code: 'FailedOperation.ImageDecodeFailed', Message: '图片解码失败。' } })
  }
  if (!SIGNED_V3.test(headers.authorization ?? ''))
    return respond({ Error: { Code: 'AuthFailure', Message: '' } })
  const { PhoneNumberSet } = JSON.parse(body.toString()) as { PhoneNumberSet: string[] }
  return respond({ SendStatusSet: PhoneNumberSet.map(PhoneNumber => ({ PhoneNumber, Code: 'Ok' })) })
}

function serveSms({ url, body }: WebRequest): WebReply {
  const { tel, time, sig, params, msg } = JSON.parse(body.toString())
  const mobiles = [tel].flat().map(({ mobile }: { mobile: string }) => mobile)
  const text = `appkey=an-app-key&random=${url.searchParams.get('random')}&time=${time}&mobile=${mobiles.join(',')}`
  if (sig !== createHash('sha256').update(text).digest('hex'))
    return { body: { result: 1001, errmsg: 'sig' } }
  return { body: { result: 0, errmsg: 'OK', mobiles, said: params ?? msg } }
}

const FOUND = { _id: 'd-1', price: 9.5, made: { $date: 1_582_965_000_000 } }

/** Answers in the form that both generations of the SDK read. */
function serveAdmin({ headers, body }: WebRequest): WebReply {
  const asked = JSON.parse(body.toString())
  if (asked.authorization === undefined && headers.authorization === undefined) {
    return { body: { code: 'SIGN_PARAM_INVALID', message: 'not signed', requestId: 'r-1' } }
  }
  const answer = (data: object): WebReply => ({ body: { data, requestId: 'r-1' } })
  switch (asked.action) {
    case 'database.addDocument':
    case 'database.insertDocument':
      return answer({ _id: 'd-1', insertedIds: ['d-1'] })
    case 'database.queryDocument':
      return answer({ list: [FOUND] })
    case 'database.getDocument':
      return answer({ list: [JSON.stringify(FOUND)] })
    case 'functions.invokeFunction':
      if (asked.function_name === 'missing') {
        return { body: { code: 'FUNCTION_NOT_FOUND', message: 'missing', requestId: 'r-1' } }
      }
      return answer({ response_data: JSON.stringify({ sum: sum(JSON.parse(asked.request_data)) }) })
    default:
      return { body: { code: 'INVALID_ACTION', message: asked.action, requestId: 'r-1' } }
  }
}

function sum({ a, b }: { a: number; b: number }): number {
  return a + b
}
