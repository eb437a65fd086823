import { createHash, createHmac } from 'node:crypto'

/** The signature of WeChat Pay's API, version 2, over all fields that aren't empty, but for `sign` itself. */
export function signPay(
  fields: Readonly<Record<string, string>>,
  key: string,
  signType: 'MD5' | 'HMAC-SHA256',
): string {
  const pairs = Object.entries(fields).filter(([name, value]) => name !== 'sign' && value !== '')
  pairs.sort(([one], [other]) => (one < other ? -1 : 1))
  const text = [...pairs.map(pair => pair.join('=')), `key=${key}`].join('&')
  const hash = signType === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  return hash.update(text).digest('hex').toUpperCase()
}
