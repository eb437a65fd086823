import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { LIMITS } from '../limits.ts'

/** One login of a user, on one device. */
export interface StoredLogin {
  readonly id: string
  /** SHA-256 of the token that says it, in base64: tokens themselves are kept nowhere. */
  readonly tokenDigest: string
  /** When it was last used with a token in whose place another was offered. */
  readonly offeredMs?: number
  /** About when it was last used; without, it was not since it was created. */
  readonly usedMs?: number
  /** WeChat's session_key: base64 of 16 bytes. */
  readonly sessionKey: string
  readonly createdMs: number
  readonly expiresMs: number
}

export interface UserRecord {
  readonly openid: string
  readonly unionid?: string
  /** Oldest first. */
  readonly logins: readonly StoredLogin[]
}

export interface UserRecordsOptions {
  /** Where they are kept; without, in memory, up to LIMITS.wechatUsers. */
  readonly directory: string | undefined
  readonly appid: string
  readonly secret: string
  readonly onWarning: (message: string) => void
}

/** Records in memory of those on disk. */
const CACHED_RECORDS = 10_000
const FORMAT = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/**
 * What the host knows of each user who is logged in: one file per user, encrypted with a key derived from the AppSecret,
 * which is never in that folder, under a name that doesn't tell the openid.
 */
export class UserRecords {
  readonly #directory: string | undefined
  readonly #onWarning: (message: string) => void
  readonly #nameKey: Uint8Array
  readonly #fileKey: Uint8Array
  readonly #records: LRUCache<string, UserRecord>
  /** The last work on each user's record, so that one comes after the other. */
  readonly #turns = new Map<string, Promise<unknown>>()
  #hasWarned = false

  constructor({ directory, appid, secret, onWarning }: UserRecordsOptions) {
    this.#directory = directory
    this.#onWarning = onWarning
    const keys = Buffer.from(hkdfSync('sha256', secret, appid, 'cloudlet wechat logins', 2 * KEY_BYTES))
    this.#nameKey = keys.subarray(0, KEY_BYTES)
    this.#fileKey = keys.subarray(KEY_BYTES)
    this.#records = new LRUCache({ max: directory === undefined ? LIMITS.wechatUsers : CACHED_RECORDS })
  }

  /** What a user is called in names and tokens: 32 hexadecimal digits. */
  idOf(openid: string): string {
    return createHmac('sha256', this.#nameKey).update(`user ${openid}`).digest('hex').slice(0, 32)
  }

  /** The secret of the token that comes after one: always the same, so that it can be offered again. */
  nextSecretOf({ id, tokenDigest }: StoredLogin): string {
    return createHmac('sha256', this.#nameKey).update(`token ${id} ${tokenDigest}`).digest('base64url')
  }

  /** Runs after all other work on this record. */
  async inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(id)
    const turn = (before ?? Promise.resolve()).then(work, work)
    this.#turns.set(id, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    }
  }

  async read(id: string): Promise<UserRecord | undefined> {
    const known = this.#records.get(id)
    if (known !== undefined || this.#directory === undefined) return known
    const sealed = await readIfThere(join(this.#directory, id))
    if (sealed === undefined) return undefined
    const record = this.#unseal(id, sealed)
    if (record !== undefined) this.#records.set(id, record)
    return record
  }

  /** Resolves when the record is on the medium. One without logins is removed. */
  async write(id: string, record: UserRecord): Promise<void> {
    if (record.logins.length === 0) {
      this.#records.delete(id)
      if (this.#directory === undefined) return
      await rm(join(this.#directory, id), { force: true })
      await syncDirectory(this.#directory)
      return
    }
    if (this.#directory !== undefined) await this.#save(this.#directory, id, this.#seal(id, record))
    this.#records.set(id, record)
  }

  /** The users whose record was last written before then, and what a broken write left. */
  async *idsBefore(timeMs: number): AsyncGenerator<string> {
    if (this.#directory === undefined) return
    const names = await readdir(this.#directory).catch(ignoreMissing)
    for (const name of names ?? []) {
      const path = join(this.#directory, name)
      const { mtimeMs } = (await stat(path).catch(ignoreMissing)) ?? { mtimeMs: timeMs }
      if (mtimeMs >= timeMs) continue
      if (name.endsWith('.draft')) await rm(path, { force: true })
      else if (/^[0-9a-f]{32}$/.test(name)) yield name
    }
  }

  /** Resolves when no work is under way. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#turns.values())
  }

  async #save(directory: string, id: string, sealed: Uint8Array): Promise<void> {
    await makeDirectory(directory)
    const draft = join(directory, `${id}.${randomUUID()}.draft`)
    try {
      await using file = await open(draft, 'wx', 0o600)
      await file.writeFile(sealed)
      await file.sync()
      await rename(draft, join(directory, id))
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    await syncDirectory(directory)
  }

  #seal(id: string, record: UserRecord): Uint8Array {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#fileKey, iv).setAAD(Buffer.from(id))
    const sealed = Buffer.concat([cipher.update(JSON.stringify(record)), cipher.final()])
    return Buffer.concat([Uint8Array.of(FORMAT), iv, cipher.getAuthTag(), sealed])
  }

  /** Undefined for one that was damaged, or sealed with another AppSecret: that user logs in anew. */
  #unseal(id: string, bytes: Uint8Array): UserRecord | undefined {
    const iv = bytes.subarray(1, 1 + IV_BYTES)
    const tag = bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES)
    try {
      if (bytes[0] !== FORMAT) throw new Error(`unknown format ${bytes[0]}`)
      const decipher = createDecipheriv('aes-256-gcm', this.#fileKey, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(id)).setAuthTag(tag)
      const text = Buffer.concat([
        decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ])
      return JSON.parse(text.toString()) as UserRecord
    } catch (error) {
      if (!this.#hasWarned) {
        this.#hasWarned = true
        this.#onWarning(
          `Logins kept on disk can't be read (${(error as Error).message}): they were damaged, or made with another AppSecret. Their users log in anew.`,
        )
      }
      return undefined
    }
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch(ignoreMissing)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

/** Makes it and those above it, durably, for this user only. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let parent = dirname(path); parent.length >= dirname(first).length; parent = dirname(parent)) {
    await syncDirectory(parent)
    if (parent === dirname(parent)) return
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows can't open directories, and writes their changes through its journal.
  if (process.platform === 'win32') return
  await using directory = await open(path, 'r')
  await directory.sync()
}
