import { LIMITS } from '../limits.ts'
import { createFailure, createWxError } from './wx-errors.ts'

/** An open-data id, marked as such: `wx.cloud.CloudID(id)`. */
export interface CloudID {
  readonly cloudID: string
}

/** What WeChat's own APIs give beside a cloudID, and instead of one where there is no cloud: both in base64. */
export interface EncryptedOpenData {
  readonly encryptedData: string
  readonly iv: string
}

/** `wx.cloud.CloudID`, with or without `new`. @throws {WxError} errCode -1 for anything but text or EncryptedOpenData. */
export interface CloudIDConstructor {
  new (id: string | EncryptedOpenData): CloudID
  (id: string | EncryptedOpenData): CloudID
}

class OpenDataId implements CloudID {
  readonly cloudID: string

  constructor(cloudID: string) {
    this.cloudID = cloudID
  }
}

/** A plain function, not an arrow, so that `new` works too. */
function createCloudID(id: unknown): CloudID {
  if (typeof id === 'string') return new OpenDataId(id)
  if (isEncrypted(id))
    return new OpenDataId(`cloudlet1.${toBase64Url(id.iv)}.${toBase64Url(id.encryptedData)}`)
  throw createWxError(-1, 'cloudID must be a string, or { encryptedData, iv } as WeChat gave them, in base64')
}

export const CloudID = createCloudID as CloudIDConstructor

export function isCloudID(value: unknown): boolean {
  return value instanceof OpenDataId
}

/** `data` of callFunction without the CloudIDs at its top level, and their ids by field. */
export interface SeparatedData {
  readonly data: Record<string, unknown>
  readonly cloudIDs: Record<string, string> | undefined
}

/** @throws {WxError} errCode -401002 for more than five. */
export function separateCloudIDs(api: string, data: Record<string, unknown>): SeparatedData {
  const fields = Object.keys(data).filter(field => data[field] instanceof OpenDataId)
  if (fields.length === 0) return { data, cloudIDs: undefined }
  if (fields.length > LIMITS.cloudIDs) {
    const problem = `data has ${fields.length} CloudIDs and may have ${LIMITS.cloudIDs} at most.`
    throw createFailure('client', api, -401002, problem)
  }
  const rest = { ...data }
  const cloudIDs: Record<string, string> = {}
  for (const field of fields) {
    const id = data[field]
    if (id instanceof OpenDataId) cloudIDs[field] = id.cloudID
    delete rest[field]
  }
  return { data: rest, cloudIDs }
}

const BASE64 = /^[\w+/-]+={0,2}$/

function isEncrypted(value: unknown): value is EncryptedOpenData {
  if (typeof value !== 'object' || value === null) return false
  const { encryptedData, iv } = value as Partial<Record<keyof EncryptedOpenData, unknown>>
  return isBase64(encryptedData) && isBase64(iv)
}

function isBase64(value: unknown): value is string {
  return typeof value === 'string' && BASE64.test(value)
}

function toBase64Url(base64: string): string {
  return base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}
