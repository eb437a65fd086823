/// <reference lib="esnext.disposable" preserve="true" />
import { InvalidOptionError } from '../errors.ts'
import { type Cloud, type CloudOptions, createCloudOn } from './cloud.ts'
import { MiniProgramFiles } from './miniprogram-files.ts'
import { miniProgramSockets } from './miniprogram-socket.ts'
import { MiniProgramToken } from './miniprogram-token.ts'
import { fetchByUrl } from './url-download.ts'
import { promiseOf, type Wx } from './wx.ts'

export type { Cloud, CloudOptions } from './cloud.ts'
export type { ConnectionStatus, RemoteCallOptions } from './connection.ts'

export interface MiniProgramCloudOptions extends CloudOptions {
  /**
   * How downloadFile fetches a file. `socket`: in chunks over the connection, checked by its SHA-256, into
   * `wx.env.USER_DATA_PATH`, which is the program's to tidy up. `url`: by `wx.downloadFile` from the file's temporary
   * URL, into a temporary file that WeChat tidies up; the host's domain must then be one of the legal ones for
   * downloadFile, too.
   *
   * @default 'socket'
   */
  readonly downloadBy?: 'socket' | 'url'
}

declare global {
  /** Where the DOM's types are not loaded, as in mini-programs, these declarations still have to be read. */
  interface AbortSignal {
    readonly aborted: boolean
  }
}

/** The mini-program's own, in every script of it. */
declare const wx: Wx | undefined

/**
 * `wx.cloud` for mini-programs: `wx.cloud = createCloud({ url })` in app.js. A `filePath` is a local path, as
 * `wx.chooseMedia` and others give it. A host that wants a login gets the code of `wx.login()`, unless there is a
 * `token`, an `openid` or a `getLoginCode`; what that login came to is kept for the next launch, in the storage of `wx`.
 *
 * @throws {InvalidOptionError}
 */
export function createCloud(options: MiniProgramCloudOptions): Cloud {
  if (typeof wx === 'undefined') {
    throw new InvalidOptionError('wx', 'There is no wx here: this build of the client is for mini-programs.')
  }
  const { downloadBy = 'socket', getLoginCode, openid, token, ...rest } = options
  if (downloadBy !== 'socket' && downloadBy !== 'url') {
    throw new InvalidOptionError('downloadBy', "downloadBy must be 'socket' or 'url'.")
  }
  const program = wx
  const logIn = getLoginCode ?? (openid === undefined ? () => readLoginCode(program) : undefined)
  const isOwnLogin = getLoginCode === undefined && openid === undefined && token === undefined
  const files = new MiniProgramFiles(program)
  return createCloudOn(
    {
      openSocket: miniProgramSockets(program),
      files,
      ...(downloadBy === 'url' ? { fetchUrl: fetchByUrl(program) } : {}),
      ...(isOwnLogin ? { tokenStore: new MiniProgramToken(program, options.url) } : {}),
    },
    {
      ...rest,
      ...(token === undefined ? {} : { token }),
      ...(openid === undefined ? {} : { openid }),
      ...(logIn === undefined ? {} : { getLoginCode: logIn }),
    },
  )
}

async function readLoginCode(program: Wx): Promise<string> {
  const { code } = await promiseOf<{ code: string }>(callbacks => program.login(callbacks))
  return code
}
