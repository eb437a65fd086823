import { createCipheriv, createHash, createSign, createVerify, X509Certificate } from 'node:crypto'
import type { Identity } from './certificate.ts'
import type { WebReply, WebRequest, WebRoute } from './web-server.ts'

const PARTNER_KEY = 'a-partner-key-of-32-characters-1'
const API_KEY = 'an-api-v3-key-of-32-characters-1'

/** Stands in for WeChat Pay: `/pay/…` of version 2 with signed XML, `/v3/…` with RSA signatures. */
export function makePayRoutes(identity: Identity): Readonly<Record<string, WebRoute>> {
  return { pay: servePay, v3: request => servePayV3(request, identity) }
}

function servePay({ url, body }: WebRequest): WebReply {
  const asked = readXml(body.toString())
  if (asked['sign'] !== sign(asked)) return xml({ return_code: 'FAIL', return_msg: '签名错误' })
  const about = { appid: asked['appid'], mch_id: asked['mch_id'], nonce_str: 'n' }
  const answer = url.pathname.endsWith('unifiedorder')
    ? {
        ...about,
        trade_type: asked['trade_type'],
        prepay_id: `wx-${asked['out_trade_no']}`,
        body: asked['body'],
      }
    : { ...about, out_trade_no: asked['out_trade_no'], trade_state: 'SUCCESS' }
  const whole = { return_code: 'SUCCESS', result_code: 'SUCCESS', ...answer }
  return xml({ ...whole, sign: sign(whole) })
}

type Fields = Readonly<Record<string, string | undefined>>

function readXml(text: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const match of text.matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/gs)) {
    fields[match[1] ?? ''] = match[2] ?? match[3] ?? ''
  }
  return fields
}

function xml(fields: Fields): WebReply {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
  return { headers: { 'Content-Type': 'text/xml' }, body: `<xml>${inner.join('')}</xml>` }
}

function sign(fields: Fields): string {
  const pairs = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .sort()
  return createHash('md5')
    .update(`${pairs.join('&')}&key=${PARTNER_KEY}`)
    .digest('hex')
    .toUpperCase()
}

function servePayV3(request: WebRequest, identity: Identity): WebReply {
  if (!isAuthorized(request, identity)) return { status: 401, body: { code: 'SIGN_ERROR' } }
  const path = request.url.pathname
  if (path === '/v3/certificates') {
    const certificate = { serial_no: identity.serial, encrypt_certificate: encrypt(identity.cert) }
    return { body: { data: [certificate] } }
  }
  if (path === '/v3/pay/transactions/jsapi') {
    const { out_trade_no: order } = JSON.parse(request.body.toString()) as { out_trade_no: string }
    return { body: { prepay_id: `wx-${order}` } }
  }
  const body = JSON.stringify({ trade_state: 'SUCCESS', notice: encrypt('{"id":"T42"}') })
  const signed = createSign('RSA-SHA256').update(`1580000000\nn\n${body}\n`).sign(identity.key, 'base64')
  const headers = { timestamp: '1580000000', nonce: 'n', serial: identity.serial, signature: signed }
  return { body: { headers, body } }
}

/** The merchant signs method, path, time, nonce and body. */
function isAuthorized({ method, url, headers, body }: WebRequest, { cert }: Identity): boolean {
  const header = headers.authorization ?? ''
  const field = (name: string): string => new RegExp(`${name}="(.*?)"`).exec(header)?.[1] ?? ''
  const parts = [
    method,
    url.pathname + url.search,
    field('timestamp'),
    field('nonce_str'),
    body.toString(),
    '',
  ]
  return createVerify('RSA-SHA256')
    .update(parts.join('\n'))
    .verify(new X509Certificate(cert).publicKey, field('signature'), 'base64')
}

/** AES-256-GCM under the API key, as certificates and notices come. */
function encrypt(text: string): { ciphertext: string; associated_data: string; nonce: string } {
  const cipher = createCipheriv('aes-256-gcm', API_KEY, 'twelve-bytes').setAAD(Buffer.from('about'))
  const bytes = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  return { ciphertext: bytes.toString('base64'), associated_data: 'about', nonce: 'twelve-bytes' }
}
