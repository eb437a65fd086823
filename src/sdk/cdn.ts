import { LIMITS } from '../limits.ts'
import type { FileAccess, LocalFile } from './local-files.ts'
import { isObject, nameType } from './parameters.ts'
import { createFailure, createWxError } from './wx-errors.ts'

/** What CDN sends: text, bytes, or a local file as uploadFile takes it. */
export type CdnTarget =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | { readonly type: 'filePath'; readonly filePath: unknown }

/** Something large that is sent beside `data`: `wx.cloud.CDN(target)`. */
export interface CDN {
  // biome-ignore lint/suspicious/noExplicitAny: the platform's own types know fewer targets, and must take this one.
  readonly target: any
}

/** `wx.cloud.CDN`, with or without `new`. @throws {WxError} errCode -1 for anything but a CdnTarget. */
export interface CDNConstructor {
  new (target: CdnTarget): CDN
  (target: CdnTarget): CDN
}

class CdnValue implements CDN {
  readonly target: CdnTarget

  constructor(target: CdnTarget) {
    this.target = target
  }

  /** Asked by JSON of one that was not replaced: what is large must not cross unseen, nor a file as its path. */
  toJSON(): never {
    const problem = 'A value of CDN may only stand at the top level of data of callFunction.'
    throw createFailure('client', 'cloud.CDN', -401002, problem)
  }
}

/** A plain function, not an arrow, so that `new` works too. */
function createCDN(target: unknown): CDN {
  if (isTarget(target)) return new CdnValue(target)
  const problem = `must be a string, an ArrayBuffer, or { type: 'filePath', filePath }, not ${nameType(target)}`
  throw createWxError(-1, `CDN's target ${problem}`)
}

export const CDN = createCDN as CDNConstructor

export function isCDN(value: unknown): boolean {
  return value instanceof CdnValue
}

/** What stands at the top level of `data`, by field. */
export type CdnTargets = readonly (readonly [field: string, target: TakenTarget])[]

/** Bytes are the call's own. */
type TakenTarget = Exclude<CdnTarget, ArrayBuffer | ArrayBufferView> | Uint8Array

/**
 * `data` of callFunction without the CDNs at its top level, and what they send.
 *
 * @throws {WxError} errCode -401002 for more than five.
 */
export function separateTargets(
  api: string,
  data: Record<string, unknown>,
): { readonly data: Record<string, unknown>; readonly targets: CdnTargets } {
  const targets: (readonly [string, TakenTarget])[] = []
  for (const field of Object.keys(data)) {
    const value = data[field]
    if (value instanceof CdnValue) targets.push([field, take(value.target)])
  }
  if (targets.length === 0) return { data, targets }
  if (targets.length > LIMITS.cdnTargets) {
    const problem = `data has ${targets.length} values of CDN and may have ${LIMITS.cdnTargets} at most.`
    throw createFailure('client', api, -401002, problem)
  }
  const rest = { ...data }
  for (const [field] of targets) delete rest[field]
  return { data: rest, targets }
}

/** Bytes as they are now: the caller may go on with theirs. */
function take(target: CdnTarget): TakenTarget {
  if (ArrayBuffer.isView(target)) {
    return new Uint8Array(target.buffer, target.byteOffset, target.byteLength).slice()
  }
  return typeof target === 'string' || 'filePath' in target ? target : new Uint8Array(target).slice()
}

/** Sends each and resolves with its URL by field. One after another: each takes as much of the line as there is. */
export async function sendTargets(
  targets: CdnTargets,
  files: FileAccess,
  send: (file: LocalFile) => Promise<string>,
): Promise<Record<string, string>> {
  const urls: Record<string, string> = {}
  for (const [field, target] of targets) {
    const file = await open(files, target)
    try {
      urls[field] = await send(file)
    } finally {
      await file.close()
    }
  }
  return urls
}

async function open(files: FileAccess, target: TakenTarget): Promise<LocalFile> {
  if (typeof target === 'string') return fileOf(new TextEncoder().encode(target))
  return 'filePath' in target ? files.open(target.filePath) : fileOf(target)
}

function fileOf(content: Uint8Array): LocalFile {
  return {
    sizeBytes: content.byteLength,
    read: async (offset, length) => content.subarray(offset, offset + length),
    close: async () => undefined,
  }
}

function isTarget(value: unknown): value is CdnTarget {
  if (typeof value === 'string' || ArrayBuffer.isView(value) || nameType(value) === 'arraybuffer') return true
  return isObject(value) && value['type'] === 'filePath' && value['filePath'] !== undefined
}
