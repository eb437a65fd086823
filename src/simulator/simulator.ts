import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import type { Closable } from '../types.ts'
import { type Project, readProject } from './project.ts'
import { User, type UserOptions } from './user.ts'

export type { Answer, Screen, WxCall } from './answers.ts'
export type { AppInstance, LaunchOptions } from './app.ts'
export type { EventChannel } from './event-channel.ts'
export type { FileSystemManager } from './file-system-manager.ts'
export type { EventDetails, Page, PageInstance } from './page.ts'
export type { User, UserOptions } from './user.ts'
export type { Wx } from './wx.ts'
export type { WxApi, WxCallbacks, WxFailure, WxMessage } from './wx-api.ts'

export interface SimulatorOptions {
  /** Where the host listens, as `server.url` tells it: `ws://127.0.0.1:7780`. */
  readonly url: string
  /** The mini-program: a folder with app.json, or with a project.config.json that says where it is. */
  readonly project?: string
}

/** Phones on which a mini-program's own code runs, in this process, against a host. */
export interface Simulator extends Closable {
  /**
   * A further user, with a connection, storage, files and module instances of their own.
   *
   * @throws {InvalidOptionError}
   */
  addUser(options?: UserOptions): User
}

/**
 * Makes a simulator: `wx` and the logic of apps and pages, without their view. Page code runs in this process with
 * Node's full power, so it must be your own: this is a tool for tests and no sandbox.
 *
 * @throws {InvalidOptionError} when the project can't be read.
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { url, project } = options
  if (project !== undefined && typeof project !== 'string') {
    throw new InvalidOptionError('project', 'project must be the path of a folder.')
  }
  return new Phones(url, project === undefined ? undefined : readProject(project))
}

class Phones implements Simulator {
  readonly #url: string
  readonly #project: Project | undefined
  readonly #directory = join(tmpdir(), `cloudlet-simulator-${randomUUID()}`)
  readonly #users: User[] = []

  constructor(url: string, project: Project | undefined) {
    this.#url = url
    this.#project = project
  }

  addUser(options: UserOptions = {}): User {
    const directory = join(this.#directory, String(this.#users.length + 1))
    const user = new User(options, { url: this.#url, project: this.#project, directory })
    this.#users.push(user)
    return user
  }

  /** Closes every user, and deletes their files. */
  async close(): Promise<void> {
    await Promise.all(this.#users.map(user => user.close()))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
