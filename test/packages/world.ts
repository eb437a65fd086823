import { type Identity, makeIdentity } from './certificate.ts'
import { makeCosRoute } from './cos-server.ts'
import { type MailServer, openMailServer } from './mail-server.ts'
import { OPENAI_ROUTES } from './openai-server.ts'
import { makePayRoutes } from './pay-server.ts'
import { type MysqlAddress, openMysql, openRedis, type Program, type RedisAddress } from './programs.ts'
import { TENCENT_ROUTES } from './tencent-server.ts'
import type { Use } from './uses.ts'
import { openWebServers, type WebServers } from './web-server.ts'

/** What each use is given as its event: where the servers are, and a key with its certificate. */
export interface WorldEvent {
  readonly http: string
  readonly https: string
  readonly smtp: { readonly host: string; readonly port: number }
  readonly redis: RedisAddress | undefined
  readonly mysql: MysqlAddress | undefined
  /** The certificate of the local servers, which is its own authority. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Every server that the uses talk to, on loopback. */
export class World {
  readonly event: WorldEvent
  readonly #closing: readonly { close(): Promise<void> }[]

  private constructor(event: WorldEvent, closing: readonly { close(): Promise<void> }[]) {
    this.event = event
    this.#closing = closing
  }

  static async open(): Promise<World> {
    const identity = await makeIdentity()
    const routes = { ...TENCENT_ROUTES, ...OPENAI_ROUTES, ...makePayRoutes(identity), cos: makeCosRoute() }
    const [web, mail, redis, mysql] = await Promise.all([
      openWebServers(routes, identity),
      openMailServer(identity),
      openRedis(),
      openMysql(),
    ])
    const programs = [redis, mysql].filter(program => program !== undefined)
    return new World(makeEvent(identity, web, mail, redis, mysql), [web, mail, ...programs])
  }

  /** The program that a use needs and that is not installed here. */
  findMissing({ program }: Use): string | undefined {
    const { redis, mysql } = this.event
    if (program === 'redis-server' && redis === undefined) return program
    return program === 'mariadbd' && mysql === undefined ? program : undefined
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map(one => one.close()))
  }
}

function makeEvent(
  { cert, key }: Identity,
  { http, https }: WebServers,
  { host, port }: MailServer,
  redis: Program<RedisAddress> | undefined,
  mysql: Program<MysqlAddress> | undefined,
): WorldEvent {
  const programs = { redis: redis?.address, mysql: mysql?.address }
  return { http, https, smtp: { host, port }, ...programs, ca: cert, cert, key }
}
