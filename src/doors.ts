import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { HostClosedError, InvalidOptionError } from './errors.ts'
import { checkKnownOptions } from './known-options.ts'
import type { Authenticate } from './transport/auth.ts'
import { DOOR_OPTION_NAMES, type DoorOptions } from './transport/door-options.ts'
import { type AttachOptions, Door, type ListenOptions } from './transport/server.ts'

/** Where a door listens unless told. */
const DEFAULT_PORT = 7780

/** What the host does for a door; the embedder sets the rest. */
export type DoorDuties = Pick<DoorOptions, 'access' | 'call' | 'serveFile' | 'health' | 'onInternalError'>

/**
 * What an embedder may set of a door. Without `authenticate` its clients log in with WeChat if the host has it; else it
 * believes every client of this machine.
 */
export type DoorSettings = Partial<Omit<DoorOptions, keyof DoorDuties>>

/** Options of `host.listen`. `port` is 7780 unless given; 0 takes a free one. */
export type ListenSettings = Partial<Pick<ListenOptions, 'port' | 'hostname'>> & DoorSettings

/** Options of `host.attach`. */
export type AttachSettings = Pick<AttachOptions, 'path'> & DoorSettings

/** The doors a host has opened. */
export class Doors {
  readonly #duties: DoorDuties
  readonly #authenticate: Authenticate
  /** With the server of those that have it from the embedder. */
  readonly #doors = new Map<Door, Server | undefined>()
  readonly #opening = new Set<Promise<Door>>()
  #isClosed = false

  /** @param authenticate who a door's clients are, unless the embedder says otherwise. */
  constructor(duties: DoorDuties, authenticate: Authenticate) {
    this.#duties = duties
    this.#authenticate = authenticate
  }

  /** Base of the HTTP part of the first door that can be reached, if there is one. */
  get httpUrl(): string | undefined {
    for (const [door, server] of this.#doors) {
      if (server === undefined || server.listening) return door.httpUrl
    }
    return undefined
  }

  async listen(settings: ListenSettings): Promise<Door> {
    const opening = this.#listen(settings)
    this.#opening.add(opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(opening)
    }
  }

  attach(server: Server, settings: AttachSettings): Door {
    if (!(server instanceof NetServer)) {
      throw new InvalidOptionError('server', 'attach needs a server of node:http or node:https.')
    }
    const door = Door.attach(server, this.#complete(settings, ['path']))
    this.#add(door, server)
    return door
  }

  /** Those about to open close as well, and `listen` rejects with HostClosedError. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#doors.keys()].map(door => door.close()))
    await Promise.allSettled(this.#opening)
  }

  async #listen(settings: ListenSettings): Promise<Door> {
    const door = await Door.listen({ port: DEFAULT_PORT, ...this.#complete(settings, ['port', 'hostname']) })
    this.#add(door)
    if (!this.#isClosed) return door
    await door.close()
    throw new HostClosedError()
  }

  #add(door: Door, server?: Server): void {
    this.#doors.set(door, server)
    door.onClose(() => this.#doors.delete(door))
  }

  #complete<Settings extends DoorSettings>(
    settings: Settings,
    places: readonly string[],
  ): Settings & DoorOptions {
    if (typeof settings !== 'object' || settings === null) {
      throw new InvalidOptionError(
        'settings',
        'The settings of a door must be an object, e.g. { port: 7780 }.',
      )
    }
    // A misspelt authenticate would let everyone in, a misspelt httpPaths make functions public.
    checkKnownOptions('settings', settings, [...places, ...DOOR_OPTION_NAMES])
    return { authenticate: this.#authenticate, ...settings, ...this.#duties }
  }
}
