import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import {
  type Authenticate,
  type Caller,
  type DeployProgress,
  developmentAuthenticator,
  FunctionHost,
  type FunctionHostOptions,
  tokenAuthenticator,
  type WechatOptions,
} from '../index.ts'
import { formatTime } from './clock.ts'
import { describeError } from './error-text.ts'
import { FolderWatch } from './folder-watch.ts'
import { type FunctionsFolder, findFunctionsFolder } from './functions-folder.ts'
import { printInstallProgress } from './install-progress.ts'
import { formatDeployments, formatInvocation, indent } from './invocation-text.ts'
import { Reloader, type ReloaderOptions, type ReloadOutcome } from './reloader.ts'
import { Terminal } from './terminal.ts'
import { readTokensFile } from './tokens-file.ts'
import { readWechatCredentials } from './wechat-credentials.ts'

type InstallMode = NonNullable<FunctionHostOptions['install']>

export interface ServeOptions {
  /** Whether it is for development: makes collections as they are used, reaches this machine, reloads what changes. */
  readonly isDevelopment: boolean
  readonly isolation: NonNullable<FunctionHostOptions['isolation']>
  /** Address to listen on. Default: this machine alone. */
  readonly host?: string
  /** File of tokens and who connects with them. Without one and without WeChat, a client on this machine is whoever it says. */
  readonly tokens?: string
  /** File with the mini-program's AppSecret. Default: `WECHAT_SECRET` of the environment. */
  readonly wechatSecretFile?: string
  /** 0 takes a free one. */
  readonly port: number
  /** Default: `.cloudlet` in the project, or beside the folder. */
  readonly data?: string
  /** Nothing is kept on disk. */
  readonly memory?: true
  /** What happens with packages: see FunctionHostOptions. */
  readonly install: InstallMode
  /** Of cloudlet, for the heading. */
  readonly version: string
}

/**
 * `cloudlet dev` and `cloudlet serve`: serves a folder's functions until SIGINT or SIGTERM.
 *
 * @throws {CloudletError} when the folder can't be read, the port is taken, or the host can't start.
 */
export async function serveFolder(given: string, options: ServeOptions): Promise<void> {
  const ended = firstSignal()
  const terminal = new Terminal(process.stdout)
  const folder = await findFunctionsFolder(given)
  const dataDirectory = options.memory ? undefined : findDataDirectory(folder, options.data)
  const callers = options.tokens === undefined ? undefined : readTokensFile(options.tokens)
  const wechat = readWechatCredentials(options.wechatSecretFile, folder.appid)
  await using host = createHost({ folder, dataDirectory, wechat }, options, terminal)
  const onProgress = (progress: DeployProgress): void => printInstallProgress(progress, terminal)
  const deploying = host.deployDirectory(folder.path, { onProgress })
  const outcome = await Promise.race([deploying, ended])
  if (typeof outcome === 'string') {
    // Installing packages may take minutes; it ends with the host.
    deploying.catch(() => {})
    terminal.line(terminal.paint('dim', `${outcome}: nothing is served.`))
    return
  }
  const { deployed, failed } = outcome
  const door = await host.listen({
    port: options.port,
    ...(options.host && { hostname: options.host }),
    ...chooseLogin(callers, wechat, options.isDevelopment),
  })

  terminal.line(terminal.paint('bold', `cloudlet ${options.version}  ${shorten(folder.path)}`))
  terminal.line()
  for (const line of formatDeployments(deployed)) terminal.line(indent(line))
  if (deployed.length + failed.length === 0) {
    terminal.line(indent('No functions yet: make a folder with an index.js or index.ts in it.'))
  }
  for (const { name, warnings } of deployed) printWarnings(terminal, name, warnings)
  for (const { name, error } of failed) {
    terminal.line(indent(terminal.paint('red', `${name} is not served. ${describeError(error)}`)))
  }
  terminal.line()
  const login = callers ? 'token' : host.wechat && !options.isDevelopment ? 'wechat' : 'openid'
  for (const line of describeDoor(door, dataDirectory, login)) terminal.line(indent(line))
  terminal.line()
  await (options.isDevelopment
    ? reloadUntil(ended, { folder: folder.path, host, onProgress }, terminal)
    : serveUntil(ended, terminal))
}

/** As long as the host is open. */
async function serveUntil(ended: Promise<NodeJS.Signals>, terminal: Terminal): Promise<void> {
  terminal.line(terminal.paint('dim', 'Ready. Ctrl+C ends it.'))
  terminal.line(terminal.paint('dim', `${await ended}: finishing the calls that run …`))
}

async function reloadUntil(
  ended: Promise<NodeJS.Signals>,
  served: Omit<ReloaderOptions, 'onOutcome'>,
  terminal: Terminal,
): Promise<void> {
  const reloader = new Reloader({ ...served, onOutcome: reloaded => printOutcome(terminal, reloaded) })
  const watch = watchFolder(served.folder, reloader, terminal)
  terminal.line(terminal.paint('dim', `Ready${watch ? ', and watching for changes' : ''}. Ctrl+C ends it.`))

  const signal = await ended
  terminal.line(terminal.paint('dim', `${signal}: finishing the calls that run …`))
  watch?.close()
  await reloader.idle()
}

/** In development WeChat answers functions, and clients are still whoever they say. */
function chooseLogin(
  callers: ReadonlyMap<string, Caller> | undefined,
  wechat: WechatOptions | undefined,
  isDevelopment: boolean,
): { authenticate?: Authenticate } {
  if (callers !== undefined) return { authenticate: tokenAuthenticator(callers) }
  if (wechat === undefined || !isDevelopment) return {}
  return { authenticate: developmentAuthenticator({ appid: wechat.appid }) }
}

interface Served {
  readonly folder: FunctionsFolder
  readonly dataDirectory: string | undefined
  readonly wechat: WechatOptions | undefined
}

function createHost(
  { folder: { appid }, dataDirectory, wechat }: Served,
  { isDevelopment, isolation, install }: ServeOptions,
  terminal: Terminal,
): FunctionHost {
  return new FunctionHost({
    autoCreateCollections: isDevelopment,
    // The services a function is tried with run on this machine.
    network: { private: isDevelopment },
    isolation,
    install,
    ...(wechat ? { wechat } : appid === undefined ? {} : { appid }),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    onInvocation: report => {
      for (const line of formatInvocation(report, Date.now(), terminal)) terminal.line(line)
    },
    onWarning: message => terminal.line(terminal.paint('yellow', message)),
    onInternalError: (incidentId, error) => {
      terminal.line(terminal.paint('red', `Incident ${incidentId}: ${describeError(error)}`))
    },
  })
}

/** @throws {InvalidOptionError} for a folder among the functions, where each write would count as a change. */
function findDataDirectory(folder: FunctionsFolder, given: string | undefined): string {
  const path = given === undefined ? join(folder.home, '.cloudlet') : resolve(given)
  const inside = relative(folder.path, path)
  const [first = ''] = inside.split(sep)
  if (isAbsolute(inside) || first === '..' || (first.startsWith('.') && first !== '')) return path
  throw new InvalidOptionError(
    'data',
    `--data ${given} lies among the functions in ${shorten(folder.path)}. Choose a folder outside, or leave it out.`,
  )
}

/** What a client brings. */
const LOGINS = {
  token: "token: '…'",
  openid: "openid: 'o-dev'",
  wechat: 'getLoginCode: async () => (await wx.login()).code',
}

function describeDoor(
  { url, httpUrl }: { readonly url: string; readonly httpUrl: string },
  dataDirectory: string | undefined,
  login: keyof typeof LOGINS,
): string[] {
  return [
    `client  createCloud({ url: '${url}', ${LOGINS[login]} })`,
    `health  ${httpUrl}/healthz`,
    `data    ${dataDirectory === undefined ? 'in memory, gone at the end' : shorten(dataDirectory)}`,
  ]
}

/** Undefined, after a word about it, when the system can't watch: serving goes on without reload. */
function watchFolder(path: string, reloader: Reloader, terminal: Terminal): FolderWatch | undefined {
  const onError = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error)
    terminal.line(terminal.paint('yellow', `Changes are not picked up: ${reason}. Start again to load them.`))
  }
  try {
    return new FolderWatch(path, { onChange: names => void reloader.reload(names), onError })
  } catch (error) {
    onError(error)
    return undefined
  }
}

function printOutcome(terminal: Terminal, outcome: ReloadOutcome): void {
  const { kind, name } = outcome
  const time = terminal.paint('dim', formatTime(Date.now()))
  switch (kind) {
    case 'deployed':
      terminal.line(
        `${time}  ${terminal.paint('cyan', `${name} reloaded, version ${outcome.version.slice(0, 8)}`)}`,
      )
      printWarnings(terminal, name, outcome.warnings)
      break
    case 'removed':
      terminal.line(`${time}  ${terminal.paint('cyan', `${name} removed`)}`)
      break
    case 'failed': {
      const now = outcome.isRunning ? 'not reloaded, its last good version goes on running' : 'not served'
      terminal.line(`${time}  ${terminal.paint('red', `${name} ${now}. ${describeError(outcome.error)}`)}`)
      break
    }
    default:
      kind satisfies never
  }
}

function printWarnings(terminal: Terminal, name: string, warnings: readonly string[]): void {
  for (const warning of warnings) terminal.line(indent(terminal.paint('yellow', `${name}: ${warning}`)))
}

/** Resolves with the first of the signals that ask for a graceful end; a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve: end } = Promise.withResolvers<NodeJS.Signals>()
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
  const onSignal = (signal: NodeJS.Signals): void => {
    for (const other of signals) process.off(other, onSignal)
    end(signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return promise
}

/** Relative to the working directory where that is shorter to read. */
function shorten(path: string): string {
  const near = relative(process.cwd(), path)
  return near === '' ? '.' : near.startsWith('..') ? path : near
}
