import { LIMITS } from './limits.ts'

/** A name as WeChat's documentation has it, or all. */
const API = /^(?:\*|[A-Za-z]\w*(?:\.\w+)+)$/

/**
 * `permissions.openapi` of a config.json: the APIs of `cloud.openapi` that the function may use.
 *
 * @param fail makes the error of something that can't be meant.
 */
export function readOpenapi(
  permissions: unknown,
  warnings: string[],
  fail: (message: string) => Error,
): readonly string[] {
  if (permissions === undefined) return []
  if (typeof permissions !== 'object' || permissions === null || Array.isArray(permissions)) {
    throw fail('"permissions" must be an object, such as { "openapi": ["security.msgSecCheck"] }.')
  }
  const { openapi = [] } = permissions as { openapi?: unknown }
  if (!Array.isArray(openapi) || openapi.length > LIMITS.openapiPermissions) {
    throw fail(
      `"permissions.openapi" must be a list of at most ${LIMITS.openapiPermissions} APIs, such as ["security.msgSecCheck"].`,
    )
  }
  const names: string[] = []
  for (const name of openapi as readonly unknown[]) {
    if (typeof name !== 'string') {
      throw fail(
        `"permissions.openapi" has ${String(JSON.stringify(name)).slice(0, 64)}, but must be a list of texts.`,
      )
    }
    const trimmed = name.trim()
    if (API.test(trimmed)) names.push(trimmed)
    else {
      warnings.push(
        `config.json: "${name.slice(0, 64)}" in permissions.openapi names no API, and is ignored. Names are those of WeChat's documentation, such as "security.msgSecCheck".`,
      )
    }
  }
  if (names.includes('*')) {
    warnings.push(
      'config.json: "*" in permissions.openapi allows every API here; the real cloud wants each by its name.',
    )
  }
  return [...new Set(names)]
}
