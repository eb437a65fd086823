import type { Server } from 'node:http'
import { join } from 'node:path'
import { Admission } from './admission.ts'
import { Cancellation } from './cancellation.ts'
import { HOST_RIGHTS } from './capabilities/bindings.ts'
import type { Scope } from './capabilities/capability.ts'
import type { Dispatcher } from './capabilities/dispatch.ts'
import type { Cells } from './cells/cells.ts'
import { CodeCache } from './code-cache.ts'
import { applyCollections, readCollectionsFile } from './collections-file.ts'
import { Database } from './database/database.ts'
import { type DeployDirectoryResult, deployFolders } from './deploy-directory.ts'
import { type DeploymentInfo, type DeployOptions, makeDeployment, resolveRights } from './deployment.ts'
import type { AttachSettings, Doors, ListenSettings } from './doors.ts'
import { FunctionNotFoundError, HostClosedError } from './errors.ts'
import { makePackageStore } from './function-packages.ts'
import { FunctionTable } from './function-table.ts'
import { makeDispatcher } from './host-capabilities.ts'
import { createHostDatabase, type HostDatabase } from './host-database.ts'
import { openDoors } from './host-doors.ts'
import { createHostStorage } from './host-storage.ts'
import { openWechat } from './host-wechat.ts'
import { completeCaller } from './identity.ts'
import { type InvocationReport, type InvokeResult, invoke, type Line } from './invocation.ts'
import { type InvokeOptions, resolveInvocation } from './invoke-arguments.ts'
import type { IsolateSource } from './isolate/guest-isolate.ts'
import { LocalIsolates } from './isolate/local-isolates.ts'
import { Pool } from './isolate/pool.ts'
import { openCells } from './isolation.ts'
import { resolveNetwork } from './network-options.ts'
import { Notices } from './notices.ts'
import { Counters, type HostHealth, type HostStats, healthOf } from './observe.ts'
import { type FunctionHostOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { PackageStore } from './packages/store.ts'
import type { Call } from './protocol/calls.ts'
import type { FunctionSource } from './source-tree.ts'
import type { Storage } from './storage/storage.ts'
import type { Door } from './transport/server.ts'
import type { Closable } from './types.ts'
import type { Wechat } from './wechat/wechat.ts'

/**
 * Runs WeChat cloud functions inside this process: deploys, invokes and serves them, with a database and file
 * storage of their own. Nothing starts before the first call; `close()` ends everything it made.
 */
export class FunctionHost implements Closable {
  /** The document database, with administrator's rights: the API that functions have, `watch`, indexes and permissions. */
  readonly database: HostDatabase
  /** The file storage, with every right: upload, streams, listing, permission. */
  readonly storage: Storage
  /** The mini-program's users, with option `wechat`: their logins, to be ended, and the data WeChat sealed for them. */
  readonly wechat: Wechat | undefined
  readonly #options: ResolvedOptions
  readonly #documents: Database
  readonly #codeCache: CodeCache | undefined
  readonly #packages: PackageStore
  readonly #functions = new FunctionTable()
  readonly #counters = new Counters()
  readonly #notices: Notices
  readonly #dispatcher: Dispatcher
  readonly #cells: Cells | undefined
  readonly #isolates: IsolateSource
  readonly #line: Line
  readonly #doors: Doors
  /** Threads that can't be ended, by the function that ran on them. */
  readonly #wedged = new Map<string, number>()
  #closing: Promise<void> | undefined

  /** @throws {InvalidOptionError} */
  constructor(options: FunctionHostOptions = {}) {
    this.#options = resolveOptions(options)
    this.#notices = new Notices(this.#options)
    const { autoCreateCollections, appid, dataDirectory: root, envId, isolation } = this.#options
    const placeOf = (name: string): { directory?: string } =>
      root === undefined ? {} : { directory: join(root, name) }
    const onWarning = (message: string): void => this.#notices.warning(message)
    this.#documents = new Database({ ...placeOf('database'), autoCreateCollections, onWarning })
    this.#codeCache = root === undefined ? undefined : new CodeCache(root, isolation, onWarning)
    this.#packages = makePackageStore(this.#options, onWarning)
    this.storage = createHostStorage(this.#options, () => this.#doors.httpUrl, onWarning)
    const { wechat, services } = openWechat(this.#options, placeOf('wechat').directory, onWarning)
    this.wechat = wechat
    this.#dispatcher = makeDispatcher({
      documents: this.#documents,
      storage: this.storage,
      wechat: services,
      dnsServers: this.#options.network?.dnsServers,
      invoke: (functionName, event, scope) => invoke(this.#line, { functionName, event, scope }),
      onInternalError: (incidentId, cause) => this.#notices.incident(incidentId, cause),
    })
    this.#cells = openCells(this.#options, onWarning)
    this.#isolates = this.#cells ?? new LocalIsolates()
    this.#line = this.#makeLine()
    this.#doors = openDoors({
      appid,
      envId,
      declaredPaths: () => this.#functions.httpPaths,
      invoke: (functionName, event, scope, requestId) =>
        invoke(this.#line, { functionName, event, scope, requestId }),
      dispatcher: this.#dispatcher,
      storage: this.storage,
      wechat: this.wechat,
      health: () => this.health,
      onInternalError: error => this.#notices.fault(error),
    })
    this.database = createHostDatabase(
      ((op, args) => this.#ask(op, args, {})) as Call,
      (args, emit, signal) =>
        this.#ask('database.watch', args, { emit, cancellation: new Cancellation(signal) }),
      onWarning,
      { backup: file => this.#documents.backup(file) },
    )
  }

  /**
   * Reads, checks and compiles a function, after installing its packages, and puts it in place of the one of that name: invocations under way
   * end on the old version, later ones get the new. When a name is deployed or removed several times at once,
   * the last call that succeeds decides what is in place; the others succeed as if they had been done before it.
   *
   * @throws {InvalidOptionError} for the name, source or options; {DeployError} with file, line and column,
   * or naming the package that can't be installed; {HostClosedError} also when the host closes meanwhile.
   */
  async deploy(name: string, source: FunctionSource, options: DeployOptions = {}): Promise<DeploymentInfo> {
    this.#requireOpen()
    const rights = resolveRights(options)
    const network = resolveNetwork(options.network ?? {}, this.#options.network ?? {})
    const claim = this.#functions.claim(name)
    try {
      const deployment = await makeDeployment(name, source, this.#options, {
        packages: this.#packages,
        cache: this.#codeCache,
        openCompiler: runtime => this.#isolates.openCompiler(runtime),
        onProgress: progress =>
          this.#notices.progress(options.onProgress, { ...progress, functionName: name }),
      })
      this.#requireOpen()
      const unused = this.#functions.place(claim, { deployment, rights, network })
      if (unused !== undefined) this.#line.pool.retire(unused.deployment.key)
      this.#line.pool.expect(deployment.key)
      return deployment.info
    } catch (error) {
      // What was to compile it may have gone with the host.
      this.#requireOpen()
      throw error
    } finally {
      this.#functions.drop(claim)
    }
  }

  /**
   * Deploys every folder of a directory as a function of its name; not node_modules, nor names that start with a dot.
   * Before, makes the collections, indexes and permissions of its collections.json, if there is one.
   *
   * @throws {InvalidOptionError} when the directory can't be read, and for the options; {HostClosedError}.
   */
  async deployDirectory(directory: string, options: DeployOptions = {}): Promise<DeployDirectoryResult> {
    this.#requireOpen()
    resolveRights(options)
    resolveNetwork(options.network ?? {}, {})
    return deployFolders(directory, {
      makeCollections: () => applyCollections(this.#documents, readCollectionsFile(directory)),
      deploy: (name, folder) => this.deploy(name, folder, options),
    })
  }

  /**
   * Runs a function for one event. Rejects with the errors of docs/errors.md.
   *
   * With a caller who has an openid, the function sees a mini-program user; without, an administrator.
   */
  invoke(
    name: string,
    event: Readonly<Record<string, unknown>> = {},
    options: InvokeOptions = {},
  ): Promise<InvokeResult> {
    // Not async: a promise more around each call would be a tenth of what a quick one costs.
    try {
      this.#requireOpen()
      const { caller: given, signal } = resolveInvocation(name, event, options)
      const caller = completeCaller(given, this.#options.appid)
      const cancellation = signal === undefined ? undefined : new Cancellation(signal)
      const scope = { kind: 'host', caller, depth: 0, cancellation, place: undefined } as const
      return invoke(this.#line, { functionName: name, event, scope })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Takes a function away, also one that is being deployed; invocations under way end normally.
   * False if there was none of that name.
   */
  async remove(name: string): Promise<boolean> {
    this.#requireOpen()
    const taken = this.#functions.take(name)
    if (taken === undefined) return false
    if (taken.deployed !== undefined) this.#line.pool.retire(taken.deployed.deployment.key)
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
      cells: this.#cells?.stats() ?? [],
      replacedCellCount: this.#cells?.replacedCount ?? 0,
      total: this.#counters.total(),
      functions: this.#counters.byFunction(),
    }
  }

  get health(): HostHealth {
    return healthOf(this.#closing !== undefined, this.#wedged, this.#cells?.problem)
  }

  /**
   * Opens the WebSocket and HTTP door on a port of its own.
   *
   * @throws {InvalidOptionError} for a bad option, or the development authenticator on an address others reach;
   * {HostClosedError} also when the host closes meanwhile.
   */
  async listen(settings: ListenSettings = {}): Promise<Door> {
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
    const packagesClosed = this.#packages.close()
    await this.#doors.close()
    await this.#line.admission.close()
    this.#line.pool.close()
    await this.#isolates.close()
    await this.storage.close()
    await this.wechat?.close()
    await this.#documents.close()
    await packagesClosed
  }

  #makeLine(): Line {
    const { maxConcurrency, maxQueued, maxInstances, memoryBudgetMb, spareIsolates } = this.#options
    return {
      admission: new Admission({ maxConcurrency, maxQueued }),
      pool: new Pool({
        source: this.#isolates,
        maxInstances,
        budgetBytes: memoryBudgetMb * 1024 * 1024,
        maxSpares: spareIsolates,
        onWarning: message => this.#notices.warning(message),
        onWedged: (name, change) => this.#wedged.set(name, (this.#wedged.get(name) ?? 0) + change),
      }),
      dispatcher: this.#dispatcher,
      findDeployment: name => this.#functions.find(name),
      report: report => this.#report(report),
    }
  }

  /** The host's own door to the ops, with every right. */
  #ask(op: string, args: unknown, stream: Partial<Pick<Scope, 'emit' | 'cancellation'>>): Promise<unknown> {
    const scope = { kind: 'host', caller: {}, depth: 0, cancellation: undefined, place: undefined } as const
    return this.#dispatcher.call(op, args, HOST_RIGHTS, { ...scope, ...stream })
  }

  #report(report: InvocationReport): void {
    this.#counters.record(report, this.#functions.has(report.functionName))
    const { error } = report
    // That error has the name no longer than names are.
    const isUnknown = error instanceof FunctionNotFoundError
    this.#notices.invocation(isUnknown ? { ...report, functionName: error.functionName } : report)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new HostClosedError()
  }
}
