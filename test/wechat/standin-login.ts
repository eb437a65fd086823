import { createCipheriv, randomBytes } from 'node:crypto'
import type { Route, StandinReply } from './standin.ts'

export const APPID = 'wx0123456789abcdef'
export const SECRET = '0123456789abcdef0123456789abcdef'

interface User {
  readonly openid: string
  readonly unionid?: string
}

interface IssuedCode extends User {
  readonly sessionKey: string
  isUsed: boolean
}

/** Texts of WeChat's own. */
const MESSAGES: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40013: 'invalid appid, rid: 5f3c',
  40029: 'invalid code, rid: 5f3c',
  40125: 'invalid appsecret, rid: 5f3c',
  40163: 'code been used, rid: 5f3c',
  40226: 'code blocked, rid: 5f3c',
  41008: 'missing code, rid: 5f3c',
  45011: 'api minute-quota reach limit, rid: 5f3c',
}

/** WeChat's `/sns/jscode2session` for one mini-program, and the `wx.login()` of its users. */
export class StandinLogin {
  readonly #codes = new Map<string, IssuedCode>()
  readonly #keys = new Map<string, string>()
  /** Answers every request with this instead. */
  fault: StandinReply | number | undefined
  /** Holds every answer back until it resolves. */
  gate: Promise<unknown> | undefined

  /** `wx.login()` on a user's phone: a code, good for one exchange. */
  login(user: User): string {
    const code = randomBytes(16).toString('hex')
    const sessionKey = randomBytes(16).toString('base64')
    this.#codes.set(code, { ...user, sessionKey, isUsed: false })
    this.#keys.set(user.openid, sessionKey)
    return code
  }

  /** The newest. */
  sessionKeyOf(openid: string): string {
    const key = this.#keys.get(openid)
    if (key === undefined) throw new Error(`${openid} has not logged in.`)
    return key
  }

  readonly route: Route = async ({ path, query }) => {
    if (path !== '/sns/jscode2session') return undefined
    await this.gate
    if (typeof this.fault === 'object') return this.fault
    if (this.fault !== undefined) return refuse(this.fault)
    if (query.get('appid') !== APPID) return refuse(40013)
    if (query.get('secret') !== SECRET) return refuse(40125)
    if (query.get('grant_type') !== 'authorization_code') return refuse(40002)
    const issued = this.#codes.get(query.get('js_code') ?? '')
    if (issued === undefined) return refuse(40029)
    if (issued.isUsed) return refuse(40163)
    issued.isUsed = true
    const { openid, unionid, sessionKey } = issued
    const body = { session_key: sessionKey, openid, ...(unionid === undefined ? {} : { unionid }) }
    // As WeChat does it: JSON that says it is text.
    return { headers: { 'content-type': 'text/plain' }, body: Buffer.from(JSON.stringify(body)) }
  }
}

function refuse(errcode: number): StandinReply {
  return { body: { errcode, errmsg: MESSAGES[errcode] ?? 'error' } }
}

/** What `wx.getPhoneNumber`, `wx.getWeRunData` and others give on a user's phone. */
export interface Sealed {
  readonly encryptedData: string
  readonly iv: string
}

/** AES-128-CBC with the session key and PKCS#7, as WeChat seals. */
export function seal(content: object | string, sessionKey: string): Sealed {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv)
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const encryptedData = Buffer.concat([cipher.update(text), cipher.final()])
  return { encryptedData: encryptedData.toString('base64'), iv: iv.toString('base64') }
}

/** What the client's `wx.cloud.CloudID` makes of it. */
export function toCloudID({ encryptedData, iv }: Sealed): string {
  const toUrl = (text: string): string => Buffer.from(text, 'base64').toString('base64url')
  return `cloudlet1.${toUrl(iv)}.${toUrl(encryptedData)}`
}

/** As WeChat marks what it seals. */
export function watermark(ageMs = 0, appid = APPID): { timestamp: number; appid: string } {
  return { timestamp: Math.floor((Date.now() - ageMs) / 1000), appid }
}
