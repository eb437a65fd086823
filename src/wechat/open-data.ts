import { createDecipheriv } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import type { Caller } from '../types.ts'

/** What became of one CloudID: the data, or the platform's error (wxcloud-spec §3.3, §6.2). */
export type OpenData =
  | { readonly cloudID: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly cloudID: string; readonly errCode: number; readonly errMsg: string }

/** Asks WeChat about CloudIDs of its own making: gives the answer of `/wxa/getopendata`. @throws {CloudletError} */
export type AskWechat = (
  openid: string,
  cloudIDs: readonly string[],
) => Promise<Readonly<Record<string, unknown>>>

export interface OpenDataOptions {
  readonly appid: string
  /** The keys WeChat may have encrypted this user's data with, newest first. */
  readonly sessionKeysOf: (openid: string) => Promise<readonly string[]>
  /** Without, WeChat's own ids are invalid. */
  readonly askWechat?: AskWechat
}

const SYSTEM_ERROR = { errCode: -601_001, errMsg: 'system error' }
export const INVALID_CLOUD_ID = { errCode: -601_005, errMsg: 'invalid cloudID' }
const EXPIRED = { errCode: -601_006, errMsg: 'cloudID expired' }
const NOT_THIS_USER = { errCode: -601_007, errMsg: 'cloudID and calling user does not match' }

/** What `wx.cloud.CloudID({ encryptedData, iv })` of cloudlet's client makes: iv and data as base64url. */
const OWN_FORM = /^cloudlet1\.([\w-]{22})\.([\w-]{22,})$/
const CLOCK_TOLERANCE_MS = 60_000

/** Whether the host opens it, and not WeChat. */
export function isOwnForm(cloudID: string): boolean {
  return cloudID.startsWith('cloudlet1.')
}

/** Opens what a mini-program's client got from WeChat sealed: phone numbers, steps, profiles, groups. */
export class OpenDataReader {
  readonly #options: OpenDataOptions

  constructor(options: OpenDataOptions) {
    this.#options = options
  }

  /**
   * The data of each CloudID, in order. One that can't be opened has the platform's error in its place.
   *
   * @throws {CloudletError} only when WeChat can't be asked.
   */
  async open(cloudIDs: readonly string[], caller: Caller): Promise<OpenData[]> {
    const { openid } = caller
    if (openid === undefined) return cloudIDs.map(cloudID => ({ cloudID, ...NOT_THIS_USER }))
    const own = cloudIDs.filter(isOwnForm)
    const keys = own.length === 0 ? [] : await this.#options.sessionKeysOf(openid)
    const foreign = [...new Set(cloudIDs.filter(cloudID => !own.includes(cloudID)))]
    const answers = foreign.length === 0 ? new Map<string, OpenData>() : await this.#ask(openid, foreign)
    return cloudIDs.map(cloudID =>
      own.includes(cloudID)
        ? this.#decrypt(cloudID, keys, openid)
        : (answers.get(cloudID) ?? { cloudID, ...INVALID_CLOUD_ID }),
    )
  }

  /**
   * All that can be wrong inside is one error: how a padding or a text is broken would tell a patient asker how to make
   * data of their own choosing.
   */
  #decrypt(cloudID: string, keys: readonly string[], openid: string): OpenData {
    const [, iv = '', content = ''] = OWN_FORM.exec(cloudID) ?? []
    if (iv === '' || cloudID.length > LIMITS.cloudIDChars) return { cloudID, ...INVALID_CLOUD_ID }
    const sealed = { iv: Buffer.from(iv, 'base64url'), content: Buffer.from(content, 'base64url') }
    for (const key of keys) {
      const data = unseal(sealed, key)
      const watermark = data === undefined ? undefined : this.#readWatermark(data)
      if (data === undefined || watermark === undefined) continue
      const named = data['openId'] ?? data['openid'] ?? openid
      if (named !== openid) continue
      const ageMs = Date.now() - watermark.timestamp * 1000
      if (ageMs > LIMITS.cloudIDMs || ageMs < -CLOCK_TOLERANCE_MS) return { cloudID, ...EXPIRED }
      return { cloudID, data }
    }
    return { cloudID, ...NOT_THIS_USER }
  }

  #readWatermark(data: Readonly<Record<string, unknown>>): { readonly timestamp: number } | undefined {
    const watermark: unknown = data['watermark']
    if (typeof watermark !== 'object' || watermark === null) return undefined
    const { appid, timestamp } = watermark as Record<string, unknown>
    return appid === this.#options.appid && typeof timestamp === 'number' ? { timestamp } : undefined
  }

  async #ask(openid: string, cloudIDs: readonly string[]): Promise<ReadonlyMap<string, OpenData>> {
    const answers = new Map<string, OpenData>()
    const { askWechat } = this.#options
    if (askWechat === undefined) return answers
    const { data_list: list } = await askWechat(openid, cloudIDs)
    for (const item of Array.isArray(list) ? list : []) {
      const { cloud_id: cloudID, json } = (item ?? {}) as Record<string, unknown>
      if (typeof cloudID === 'string') answers.set(cloudID, readAnswer(cloudID, json))
    }
    return answers
  }
}

/** WeChat gives the data of one CloudID as an object, or as its JSON text. */
function readAnswer(cloudID: string, json: unknown): OpenData {
  const given = typeof json === 'string' ? parseObject(json) : json
  if (typeof given !== 'object' || given === null) return { cloudID, ...SYSTEM_ERROR }
  const { data, errCode, errMsg, errcode, errmsg } = given as Record<string, unknown>
  const code = Number(errCode ?? errcode ?? 0)
  if (code !== 0) return { cloudID, errCode: code, errMsg: String(errMsg ?? errmsg ?? '') }
  if (typeof data !== 'object' || data === null) return { cloudID, ...SYSTEM_ERROR }
  return { cloudID, data: data as Record<string, unknown> }
}

/** AES-128-CBC with the session key, as WeChat seals it. Undefined for what is not sealed so. */
function unseal(
  { iv, content }: { readonly iv: Uint8Array; readonly content: Uint8Array },
  sessionKey: string,
): Readonly<Record<string, unknown>> | undefined {
  try {
    const decipher = createDecipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), iv)
    return parseObject(Buffer.concat([decipher.update(content), decipher.final()]).toString())
  } catch {
    return undefined
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
