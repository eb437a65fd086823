import { jsonOf, type Route } from './standin.ts'
import { APPID, SECRET } from './standin-login.ts'

export const CREDENTIALS = { appid: APPID, secret: SECRET } as const

export interface TokenIssuer {
  /** Both endpoints, as WeChat documents them. */
  readonly route: Route
  /** Answers 40001 for any other token than the one that serves; put it in front of the APIs. */
  readonly guard: Route
  /** The token that serves. */
  current: string
  /** How many seconds a token is good for. */
  lifeSeconds: number
  /** Makes a new token without telling who has the old one, as another program with the secret may. */
  replace(): void
  /** What the endpoint answers instead. */
  refusal: { errcode: number; errmsg: string } | undefined
}

/** WeChat's access tokens: one that serves at a time; `stable_token` gives it to all, `token` makes a new one. */
export function issueTokens(): TokenIssuer {
  let count = 1
  const issuer: TokenIssuer = {
    current: 'token-1',
    lifeSeconds: 7200,
    refusal: undefined,
    replace() {
      issuer.current = `token-${++count}`
    },
    route: request => {
      const isStable = request.path === '/cgi-bin/stable_token'
      if (!isStable && request.path !== '/cgi-bin/token') return undefined
      const fields = isStable ? jsonOf(request) : Object.fromEntries(request.query)
      if (issuer.refusal !== undefined) return { body: issuer.refusal }
      if (fields['grant_type'] !== 'client_credential')
        return { body: { errcode: 40002, errmsg: 'invalid grant_type' } }
      if (fields['appid'] !== CREDENTIALS.appid) return { body: { errcode: 40013, errmsg: 'invalid appid' } }
      if (fields['secret'] !== CREDENTIALS.secret)
        return { body: { errcode: 40125, errmsg: 'invalid appsecret' } }
      if (!isStable || fields['force_refresh'] === true) issuer.replace()
      return { body: { access_token: issuer.current, expires_in: issuer.lifeSeconds } }
    },
    guard: ({ query }) =>
      query.get('access_token') === issuer.current
        ? undefined
        : { body: { errcode: 40001, errmsg: 'invalid credential, access_token is invalid or not latest' } },
  }
  return issuer
}

/** WeChat where it has sealed nothing: no CloudID is one. */
export const knowNoOpenData: Route = ({ path }) =>
  path === '/wxa/getopendata' ? { body: { errcode: 0, errmsg: 'ok', data_list: [] } } : undefined
