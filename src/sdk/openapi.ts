import { createFailure } from './wx-errors.ts'

/** Any API of WeChat's own servers, by any path: `openapi.security.msgSecCheck(…)`. */
export interface UnavailableApi {
  (...args: readonly unknown[]): UnavailableApi & Promise<never>
  readonly [name: string]: UnavailableApi
}

/**
 * A proxy that takes any path of names and rejects when that path is called. Calling the root returns the
 * root, as `cloud.openapi({ appid })` does.
 *
 * @param requireInit throws when the cloud was not initialised.
 */
export function createUnavailableApi(root: string, requireInit: () => unknown): UnavailableApi {
  return createPath(root, root, requireInit)
}

/** Rejects with errCode -604100: the API belongs to WeChat's servers, which this host doesn't reach. */
export async function rejectUnavailable(api: string, requireInit: () => unknown): Promise<never> {
  requireInit()
  throw createFailure(
    'server',
    api,
    -604100,
    `"${api}" is served by WeChat and needs its credentials, which this host does not hold. ` +
      "Call WeChat's HTTP API with your own app secret, or leave this call out when you run locally.",
  )
}

function createPath(root: string, path: string, requireInit: () => unknown): UnavailableApi {
  // The target is a function only so that the proxy can be called; the traps answer everything.
  const target = (): void => {}
  const proxy: unknown = new Proxy(target, {
    get: (_target, key) => {
      // Not a thenable: `await cloud.openapi` must not call it.
      if (typeof key !== 'string' || key === 'then') return undefined
      return createPath(root, `${path}.${key}`, requireInit)
    },
    apply: () => (path === root ? proxy : rejectUnavailable(path, requireInit)),
  })
  return proxy as UnavailableApi
}
