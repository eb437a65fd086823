import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { type StoredLogin, type UserRecord, UserRecords, type UserRecordsOptions } from './user-records.ts'
import type { ResolvedWechatOptions } from './wechat-options.ts'

/** Who WeChat says a user is, and the key of what it encrypts for them. */
export interface WechatUser {
  readonly openid: string
  readonly unionid?: string
  readonly sessionKey: string
}

/** A login as one that was just proven. */
export interface ProvenLogin {
  readonly openid: string
  readonly unionid?: string
  /** When the login ends unless it is used again. */
  readonly endsMs: number
  /** To be used from now on instead of the one that was used. */
  readonly token?: string
  /** Calls the listener once, when the login is ended before its time; what it returns stops that. */
  readonly onRevoked: (listener: () => void) => () => void
}

export type LoginsOptions = UserRecordsOptions &
  Pick<ResolvedWechatOptions, 'sessionMs' | 'maxSessionMs' | 'maxSessionsPerUser'>

/** `<user>.<secret>`: the first finds the record, the second proves the login. */
const TOKEN = /^([0-9a-f]{32})\.[\w-]{43}$/
const SECRET_BYTES = 32
const SWEEP_MS = 24 * 3_600_000

/**
 * The logins of all users. A token lasts sessionMs; a login that is used in the second half of that gets a new token,
 * and the old one ends when the new one is first used, so that a lost answer locks nobody out.
 */
export class Logins {
  readonly #options: LoginsOptions
  readonly #records: UserRecords
  /** Those of open sessions, with the login each is of, by user: also of users whose record is gone. */
  readonly #listeners = new Map<string, Map<() => void, string>>()
  readonly #sweeping: NodeJS.Timeout
  #hasSwept = false
  #isClosed = false

  constructor(options: LoginsOptions) {
    this.#options = options
    this.#records = new UserRecords(options)
    this.#sweeping = setInterval(() => void this.sweep(), SWEEP_MS)
    this.#sweeping.unref()
  }

  /** A new login. A user who has too many loses one without an open session, and of these the one not used for longest. */
  async add({ openid, unionid, sessionKey }: WechatUser): Promise<ProvenLogin> {
    const { sessionMs, maxSessionMs, maxSessionsPerUser } = this.#options
    const id = this.#records.idOf(openid)
    if (!this.#hasSwept) void this.sweep()
    return this.#records.inTurn(id, async () => {
      const nowMs = Date.now()
      const token = makeToken(id)
      const login: StoredLogin = {
        id: randomUUID(),
        tokenDigest: digestOf(token),
        sessionKey,
        createdMs: nowMs,
        expiresMs: nowMs + Math.min(sessionMs, maxSessionMs),
      }
      const before = this.#livingOf(await this.#records.read(id), nowMs)
      const ended = this.#leastUsedOf(id, before, before.length + 1 - maxSessionsPerUser)
      const kept = before.filter(other => !ended.includes(other))
      const record = { openid, ...(unionid === undefined ? {} : { unionid }), logins: [...kept, login] }
      await this.#records.write(id, record)
      this.#tell(id, ended)
      return { ...this.#prove(id, record, login, login.expiresMs), token }
    })
  }

  /** Undefined for a token that is false, has ended, or was revoked. */
  async use(token: string): Promise<ProvenLogin | undefined> {
    const id = TOKEN.exec(token)?.[1]
    if (id === undefined) return undefined
    return this.#records.inTurn(id, async () => {
      const record = await this.#records.read(id)
      const nowMs = Date.now()
      const digest = digestOf(token)
      const found = this.#find(id, record, digest, nowMs)
      if (record === undefined || found === undefined) return undefined
      const login = isEqual(found.tokenDigest, digest) ? found : this.#promote(found, digest, nowMs)
      const offer = this.#offer(id, login, nowMs)
      const changed = this.#markUsed(offer?.login ?? login, nowMs)
      if (changed !== found) await this.#replace(id, record, changed)
      const proven = this.#prove(id, record, login, offer?.expiresMs ?? login.expiresMs)
      return offer === undefined ? proven : { ...proven, token: offer.token }
    })
  }

  /** Ends every login of a user, and the sessions open with them. How many there were. */
  async revoke(openid: string): Promise<number> {
    const id = this.#records.idOf(openid)
    return this.#records.inTurn(id, async () => {
      const record = await this.#records.read(id)
      const living = this.#livingOf(record, Date.now())
      if (record !== undefined) await this.#records.write(id, { ...record, logins: [] })
      this.#tell(id, record === undefined ? undefined : living)
      return living.length
    })
  }

  /** Ends the login of a token, and the sessions open with it. Whether there was one. */
  async revokeToken(token: string): Promise<boolean> {
    const id = TOKEN.exec(token)?.[1]
    if (id === undefined) return false
    return this.#records.inTurn(id, async () => {
      const record = await this.#records.read(id)
      const [nowMs, digest] = [Date.now(), digestOf(token)]
      const login = this.#find(id, record, digest, nowMs)
      if (record === undefined || login === undefined) return false
      await this.#records.write(id, {
        ...record,
        logins: record.logins.filter(({ id: other }) => other !== login.id),
      })
      this.#tell(id, [login])
      return true
    })
  }

  /** Those of a user's logins, newest first: what WeChat encrypted may be for any of their devices. */
  async sessionKeysOf(openid: string): Promise<readonly string[]> {
    const id = this.#records.idOf(openid)
    const record = await this.#records.inTurn(id, () => this.#records.read(id))
    const keys = this.#livingOf(record, Date.now()).map(({ sessionKey }) => sessionKey)
    return [...new Set(keys.reverse())]
  }

  /** Removes the records of users whose logins have all ended. */
  async sweep(): Promise<void> {
    this.#hasSwept = true
    try {
      for await (const id of this.#records.idsBefore(Date.now() - this.#options.sessionMs)) {
        if (this.#isClosed) return
        await this.#records.inTurn(id, async () => {
          const record = await this.#records.read(id)
          const logins = this.#livingOf(record, Date.now())
          if (logins.length === 0) await this.#records.write(id, { openid: '', logins })
        })
      }
    } catch (error) {
      this.#options.onWarning(`Old logins can't be removed: ${(error as Error).message}.`)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeping)
    await this.#records.settle()
  }

  /** In the second half of a token's life another, as long as the login may last at all. */
  #offer(
    userId: string,
    login: StoredLogin,
    nowMs: number,
  ): { readonly login: StoredLogin; readonly token: string; readonly expiresMs: number } | undefined {
    const { sessionMs, maxSessionMs } = this.#options
    const isLastPossible = login.expiresMs >= login.createdMs + maxSessionMs
    if (nowMs < login.expiresMs - sessionMs / 2 || isLastPossible) return undefined
    const { offeredMs = 0 } = login
    // Not written down at each of many uses.
    const offered = nowMs - offeredMs < sessionMs / 100 ? login : { ...login, offeredMs: nowMs }
    const token = `${userId}.${this.#records.nextSecretOf(login)}`
    return { login: offered, token, expiresMs: this.#lastMsOf(offered) }
  }

  /** The login with the token that was offered to it, which ends the one before. */
  #promote({ offeredMs: _, ...login }: StoredLogin, tokenDigest: string, nowMs: number): StoredLogin {
    const { sessionMs, maxSessionMs } = this.#options
    const expiresMs = Math.min(nowMs + sessionMs, login.createdMs + maxSessionMs)
    return { ...login, tokenDigest, expiresMs }
  }

  /** By its token while that lasts, or by the one that was offered to take its place. */
  #find(
    userId: string,
    record: UserRecord | undefined,
    digest: string,
    nowMs: number,
  ): StoredLogin | undefined {
    return this.#livingOf(record, nowMs).find(login => {
      if (isEqual(login.tokenDigest, digest)) return nowMs < login.expiresMs
      const next = digestOf(`${userId}.${this.#records.nextSecretOf(login)}`)
      return login.offeredMs !== undefined && isEqual(next, digest)
    })
  }

  #livingOf(record: UserRecord | undefined, nowMs: number): readonly StoredLogin[] {
    return record?.logins.filter(login => this.#lastMsOf(login) > nowMs) ?? []
  }

  /** When a login ends, with the token that was offered. */
  #lastMsOf({ createdMs, expiresMs, offeredMs }: StoredLogin): number {
    const { sessionMs, maxSessionMs } = this.#options
    return offeredMs === undefined ? expiresMs : Math.min(offeredMs + sessionMs, createdMs + maxSessionMs)
  }

  /** Not written down at each of many uses. */
  #markUsed(login: StoredLogin, nowMs: number): StoredLogin {
    const isRecent = nowMs - lastUseMsOf(login) < this.#options.sessionMs / 100
    return isRecent ? login : { ...login, usedMs: nowMs }
  }

  /** So many of a user's logins as they miss least. */
  #leastUsedOf(userId: string, logins: readonly StoredLogin[], count: number): readonly StoredLogin[] {
    if (count <= 0) return []
    const inUse = new Set(this.#listeners.get(userId)?.values())
    const rank = (login: StoredLogin): readonly [number, number] => [
      inUse.has(login.id) ? 1 : 0,
      lastUseMsOf(login),
    ]
    return logins
      .map(login => ({ login, rank: rank(login) }))
      .sort(({ rank: a }, { rank: b }) => a[0] - b[0] || a[1] - b[1])
      .slice(0, count)
      .map(({ login }) => login)
  }

  #replace(id: string, record: UserRecord, login: StoredLogin): Promise<void> {
    const logins = record.logins.map(other => (other.id === login.id ? login : other))
    return this.#records.write(id, { ...record, logins })
  }

  #prove(userId: string, { openid, unionid }: UserRecord, { id }: StoredLogin, endsMs: number): ProvenLogin {
    return {
      openid,
      ...(unionid === undefined ? {} : { unionid }),
      endsMs,
      onRevoked: listener => this.#listen(userId, id, listener),
    }
  }

  #listen(userId: string, loginId: string, given: () => void): () => void {
    const listener = (): void => given()
    const listeners = this.#listeners.get(userId) ?? new Map<() => void, string>()
    this.#listeners.set(userId, listeners.set(listener, loginId))
    void this.#tellIfGone(userId, loginId, () => {
      if (listeners.has(listener)) listener()
    })
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(userId) === listeners) this.#listeners.delete(userId)
    }
  }

  /** A login may have been ended between its proof and the listening, while the embedder asked who is banned, say. */
  async #tellIfGone(userId: string, loginId: string, tell: () => void): Promise<void> {
    try {
      const record = await this.#records.inTurn(userId, () => this.#records.read(userId))
      if (!record?.logins.some(({ id }) => id === loginId)) tell()
    } catch (error) {
      this.#options.onWarning(
        `Whether a login still stands can't be read (${(error as Error).message}): its session goes on.`,
      )
    }
  }

  /** Those of these logins, or all of a user. */
  #tell(userId: string, ended?: readonly StoredLogin[]): void {
    if (ended?.length === 0) return
    for (const [listener, loginId] of [...(this.#listeners.get(userId) ?? [])]) {
      if (ended === undefined || ended.some(({ id }) => id === loginId)) listener()
    }
  }
}

function lastUseMsOf({ usedMs, createdMs }: StoredLogin): number {
  return usedMs ?? createdMs
}

function makeToken(id: string): string {
  return `${id}.${randomBytes(SECRET_BYTES).toString('base64url')}`
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}

function isEqual(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
