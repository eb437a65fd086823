import type { Server } from 'node:http'
import { HostClosedError, InvalidOptionError } from './errors.ts'
import { developmentAuthenticator } from './transport/auth.ts'
import type { DoorOptions } from './transport/door-options.ts'
import { type AttachOptions, Door, type ListenOptions } from './transport/server.ts'

/** Where a door listens unless told. */
const DEFAULT_PORT = 7780

/** What the host does for a door; the embedder sets the rest. */
export type DoorDuties = Pick<DoorOptions, 'call' | 'serveFile' | 'health' | 'onInternalError'>

/** What an embedder may set of a door. Without `authenticate` it believes every client of this machine. */
export type DoorSettings = Partial<Omit<DoorOptions, keyof DoorDuties>>

/** Options of `host.listen`. `port` is 7780 unless given; 0 takes a free one. */
export type ListenSettings = Partial<Pick<ListenOptions, 'port' | 'hostname'>> & DoorSettings

/** Options of `host.attach`. */
export type AttachSettings = Pick<AttachOptions, 'path'> & DoorSettings

/** The doors a host has opened. */
export class Doors {
  readonly #duties: DoorDuties
  readonly #appid: string | undefined
  readonly #doors = new Set<Door>()
  #isClosed = false

  constructor(duties: DoorDuties, appid: string | undefined) {
    this.#duties = duties
    this.#appid = appid
  }

  /** Base of the first door's HTTP part, if one is open. */
  get httpUrl(): string | undefined {
    const [door] = this.#doors
    return door?.httpUrl
  }

  async listen(settings: ListenSettings): Promise<Door> {
    const door = await Door.listen({ port: DEFAULT_PORT, ...this.#complete(settings) })
    this.#add(door)
    if (!this.#isClosed) return door
    await door.close()
    throw new HostClosedError()
  }

  attach(server: Server, settings: AttachSettings): Door {
    if (typeof server?.on !== 'function') {
      throw new InvalidOptionError('server', 'attach needs a server of node:http or node:https.')
    }
    const door = Door.attach(server, this.#complete(settings))
    this.#add(door)
    return door
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#doors].map(door => door.close()))
  }

  #add(door: Door): void {
    this.#doors.add(door)
    door.onClose(() => this.#doors.delete(door))
  }

  #complete<Settings extends DoorSettings>(settings: Settings): Settings & DoorOptions {
    const authenticate = developmentAuthenticator(this.#appid === undefined ? {} : { appid: this.#appid })
    return { authenticate, ...settings, ...this.#duties }
  }
}
