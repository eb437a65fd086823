import type { Server } from 'node:http'
import { join } from 'node:path'
import { Admission } from './admission.ts'
import { CLIENT_RIGHTS, HOST_RIGHTS, rightsOf } from './capabilities/bindings.ts'
import { databaseHandlers } from './capabilities/database.ts'
import { Dispatcher } from './capabilities/dispatch.ts'
import { functionHandlers } from './capabilities/functions.ts'
import { storageHandlers } from './capabilities/storage.ts'
import { Database } from './database/database.ts'
import { type DeploymentInfo, type DeployOptions, makeDeployment } from './deployment.ts'
import { type AttachSettings, type DoorDuties, Doors, type ListenSettings } from './doors.ts'
import { CloudletError, HostClosedError, ValueError } from './errors.ts'
import { listFunctionFolders } from './function-folders.ts'
import { FunctionTable } from './function-table.ts'
import { callerOfClient } from './identity.ts'
import { type InvocationReport, type InvokeResult, invoke, type Line } from './invocation.ts'
import { Pool } from './isolate/pool.ts'
import { Notices } from './notices.ts'
import { Counters, type HostHealth, type HostStats } from './observe.ts'
import {
  type FunctionHostOptions,
  type ResolvedOptions,
  requireObject,
  requireSignal,
  resolveOptions,
} from './options.ts'
import type { Call } from './protocol/calls.ts'
import { createDatabase, type ServerDatabase } from './sdk/database.ts'
import type { FunctionSource } from './source-tree.ts'
import { Storage } from './storage/storage.ts'
import { readCaller } from './transport/auth.ts'
import type { Door } from './transport/server.ts'
import type { Caller, Closable } from './types.ts'

export interface InvokeOptions {
  readonly caller?: Caller
  /** Aborting it ends the invocation with `CLOUDLET_CANCELLED`. */
  readonly signal?: AbortSignal
}

export interface DeployDirectoryResult {
  readonly deployed: readonly DeploymentInfo[]
  /** Folders that are no function; the others are deployed all the same. */
  readonly failed: readonly { readonly name: string; readonly error: CloudletError }[]
}

/**
 * Runs WeChat cloud functions inside this process: deploys, invokes and serves them, with a database and file
 * storage of their own. Nothing starts before the first call; `close()` ends everything it made.
 */
export class FunctionHost implements Closable {
  /** The document database, with administrator's rights: the API that functions have. */
  readonly database: ServerDatabase
  /** The file storage itself. */
  readonly storage: Storage
  readonly #options: ResolvedOptions
  readonly #documents: Database
  readonly #functions = new FunctionTable()
  readonly #counters = new Counters()
  readonly #notices: Notices
  readonly #dispatcher: Dispatcher
  readonly #line: Line
  readonly #doors: Doors
  #wedgedCount = 0
  #closing: Promise<void> | undefined

  /** @throws {InvalidOptionError} */
  constructor(options: FunctionHostOptions = {}) {
    this.#options = resolveOptions(options)
    this.#notices = new Notices(this.#options)
    const { dataDirectory, envId, appid, autoCreateCollections, publicUrl } = this.#options
    const placeOf = (name: string): { directory?: string } =>
      dataDirectory === undefined ? {} : { directory: join(dataDirectory, name) }
    this.#documents = new Database({
      ...placeOf('database'),
      autoCreateCollections,
      onWarning: message => this.#notices.warning(message),
    })
    this.storage = new Storage({
      ...placeOf('storage'),
      envId,
      appid,
      publicUrl: () => publicUrl ?? this.#doors.httpUrl,
    })
    this.#dispatcher = this.#makeDispatcher()
    this.#line = this.#makeLine()
    this.#doors = this.#makeDoors()
    this.database = createDatabase({
      call: this.#hostCall(),
      profile: 'server',
      warn: message => this.#notices.warning(message),
    })
  }

  /**
   * Reads, checks and compiles a function, and puts it in place of the one of that name: invocations under way
   * end on the old version, later ones get the new. Of two deploys of one name under way, the one called later stands.
   *
   * @throws {InvalidOptionError} for the name, source or options; {DeployError} with file, line and column.
   */
  async deploy(name: string, source: FunctionSource, options: DeployOptions = {}): Promise<DeploymentInfo> {
    this.#requireOpen()
    const rights = rightsOf(requireObject('options', options).capabilities)
    const change = this.#functions.announce(name)
    const deployment = await makeDeployment(name, source, this.#options)
    this.#requireOpen()
    const out = this.#functions.replace(change, { deployment, rights })
    if (out !== undefined) this.#line.pool.retire(out.deployment.key)
    return deployment.info
  }

  /**
   * Deploys every folder of a directory as a function of its name; not node_modules, nor names that start with a dot.
   *
   * @throws {InvalidOptionError} when the directory does not exist.
   */
  async deployDirectory(directory: string, options: DeployOptions = {}): Promise<DeployDirectoryResult> {
    this.#requireOpen()
    const deployed: DeploymentInfo[] = []
    const failed: { name: string; error: CloudletError }[] = []
    for (const name of listFunctionFolders(directory)) {
      try {
        deployed.push(await this.deploy(name, join(directory, name), options))
      } catch (error) {
        if (!(error instanceof CloudletError)) throw error
        failed.push({ name, error })
      }
    }
    return { deployed, failed }
  }

  /**
   * Runs a function for one event. Rejects with the errors of docs/errors.md.
   *
   * With a caller who has an openid, the function sees a mini-program user; without, an administrator.
   */
  async invoke(
    name: string,
    event: Readonly<Record<string, unknown>> = {},
    options: InvokeOptions = {},
  ): Promise<InvokeResult> {
    this.#requireOpen()
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      throw new ValueError('event', 'The event must be an object.')
    }
    const { caller = {}, signal } = requireObject('options', options)
    requireSignal(signal)
    const known = this.#complete(readCaller('caller', caller))
    const scope = { kind: 'host', caller: known, depth: 0, signal, place: undefined } as const
    return invoke(this.#line, { functionName: name, event, scope })
  }

  /** Takes a function away; invocations under way end normally. False if there was none of that name. */
  async remove(name: string): Promise<boolean> {
    this.#requireOpen()
    const taken = this.#functions.take(name)
    if (taken === undefined) return false
    this.#line.pool.retire(taken.deployment.key)
    this.#counters.forget(name)
    return true
  }

  /** The deployed functions, by name. */
  list(): DeploymentInfo[] {
    return this.#functions.list()
  }

  stats(): HostStats {
    const { admission, pool } = this.#line
    return {
      functionCount: this.#functions.list().length,
      runningCount: admission.runningCount,
      queuedCount: admission.queuedCount,
      instances: pool.stats(),
      total: this.#counters.total(),
      functions: this.#counters.byFunction(),
    }
  }

  get health(): HostHealth {
    if (this.#closing !== undefined)
      return { isHealthy: false, status: 'closed', reasons: ['The host is closed.'] }
    if (this.#wedgedCount === 0) return { isHealthy: true, status: 'ok', reasons: [] }
    const reason =
      `${this.#wedgedCount} isolate thread(s) did not end when told to and keep a core busy until this process ends. ` +
      'Drain it and start another (native-notes/deadlines.md).'
    return { isHealthy: false, status: 'degraded', reasons: [reason] }
  }

  /**
   * Opens the WebSocket and HTTP door on a port of its own.
   *
   * @throws {InvalidOptionError} for a bad option, or the development authenticator on an address others reach.
   */
  listen(settings: ListenSettings = {}): Promise<Door> {
    this.#requireOpen()
    return this.#doors.listen(settings)
  }

  /** Opens the door on a server of the embedder's, under a path. @throws {InvalidOptionError} */
  attach(server: Server, settings: AttachSettings = {}): Door {
    this.#requireOpen()
    return this.#doors.attach(server, settings)
  }

  /** Graceful and idempotent: no new work, what runs may end within its own time limit, then everything closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#doors.close()
    await this.#line.admission.close()
    this.#line.pool.close()
    await this.storage.close()
    await this.#documents.close()
  }

  #makeLine(): Line {
    const { maxConcurrency, maxQueued, maxInstances, memoryBudgetMb } = this.#options
    return {
      admission: new Admission({ maxConcurrency, maxQueued }),
      pool: new Pool({
        maxInstances,
        budgetBytes: memoryBudgetMb * 1024 * 1024,
        onWedged: () => {
          this.#wedgedCount++
        },
      }),
      dispatcher: this.#dispatcher,
      findDeployment: name => this.#functions.find(name),
      report: report => this.#report(report),
    }
  }

  #makeDispatcher(): Dispatcher {
    return new Dispatcher({
      handlers: {
        ...databaseHandlers(this.#documents),
        ...storageHandlers(this.storage),
        ...functionHandlers((functionName, event, scope) =>
          invoke(this.#line, { functionName, event, scope }),
        ),
      },
      onInternalError: (incidentId, cause) => this.#notices.incident(incidentId, cause),
    })
  }

  /** The host's own door to the ops, with every right. */
  #hostCall(): Call {
    const call = (op: string, args: unknown): Promise<unknown> =>
      this.#dispatcher.call(op, args, HOST_RIGHTS, {
        kind: 'host',
        caller: {},
        depth: 0,
        signal: undefined,
        place: undefined,
      })
    return call as Call
  }

  #makeDoors(): Doors {
    const duties: DoorDuties = {
      call: ({ op, args, caller, signal }) => {
        const identified = callerOfClient(this.#complete(caller))
        return this.#dispatcher.call(op, args, CLIENT_RIGHTS, {
          kind: 'client',
          caller: identified,
          depth: 0,
          signal,
          place: undefined,
        })
      },
      serveFile: ({ path, query }) => this.storage.openSigned(path, query),
      health: () => this.health,
      onInternalError: error => this.#notices.fault(error),
    }
    return new Doors(duties, this.#options.appid)
  }

  /** Callers belong to the host's mini-program unless they say another. */
  #complete(caller: Caller): Caller {
    const { appid } = this.#options
    return appid === undefined ? caller : { appid, ...caller }
  }

  #report(report: InvocationReport): void {
    this.#counters.record(report, this.#functions.has(report.functionName))
    this.#notices.invocation(report)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new HostClosedError()
  }
}
