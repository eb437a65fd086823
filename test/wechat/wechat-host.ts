import { type Caller, FunctionHost, type FunctionHostOptions } from '../../src/index.ts'
import { openStandin, type Route, type Standin } from './standin.ts'
import { CREDENTIALS, issueTokens, type TokenIssuer } from './standin-token.ts'

export interface WechatHost extends AsyncDisposable {
  readonly host: FunctionHost
  readonly standin: Standin
  readonly issuer: TokenIssuer
  readonly warnings: string[]
  /** Causes of what functions saw as an incident only. */
  readonly faults: unknown[]
  /**
   * What a function answers with this body, which has `cloud`, `event` and, with an error, tells `errCode`, `errMsg` and
   * its keys. `openapi`: permissions.openapi of its config.json.
   */
  run(
    body: string,
    given?: { openapi?: readonly string[]; event?: object; caller?: Caller },
  ): Promise<unknown>
  /** The last request that was none for a token. */
  asked(): Standin['requests'][number]
}

/** A host with real functions, and a stand-in of WeChat's servers that knows its credentials and serves `routes`. */
export async function openWechat(
  routes: readonly Route[],
  options: FunctionHostOptions = {},
): Promise<WechatHost> {
  const issuer = issueTokens()
  const standin = await openStandin(issuer.route, issuer.guard, ...routes)
  const warnings: string[] = []
  const faults: unknown[] = []
  const host = new FunctionHost({
    wechat: { ...CREDENTIALS, apiUrl: standin.url },
    onWarning: message => warnings.push(message),
    onInternalError: (_id, cause) => faults.push(cause),
    ...options,
  })
  return {
    host,
    standin,
    issuer,
    warnings,
    faults,
    async run(body, { openapi = ['*'], event = {}, caller = { openid: 'o-1' } } = {}) {
      await host.deploy('f', {
        files: { 'index.js': `${HEAD}async function run(event, context) { ${body} }` },
        config: { permissions: { openapi } },
      })
      return (await host.invoke('f', { ...event }, { caller })).result
    },
    asked() {
      const request = standin.requests.findLast(({ path }) => !/token$/.test(path))
      if (request === undefined) throw new Error('nothing was asked')
      return request
    },
    async [Symbol.asyncDispose]() {
      await host.close()
      await standin[Symbol.asyncDispose]()
    },
  }
}

const HEAD = `const cloud = require('wx-server-sdk')
cloud.init()
exports.main = async (event, context) => {
  try { return await run(event, context) }
  catch (e) { return { isError: e instanceof Error, name: e.name, keys: Object.keys(e), errCode: e.errCode, errMsg: e.errMsg, message: e.message } }
}
`
