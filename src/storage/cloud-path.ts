import { StorageError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

declare const checked: unique symbol

/** A path that keeps the rules below, e.g. `avatars/o-1.png`. */
export type CloudPath = string & { readonly [checked]: true }

/** Where temporary files lie. No upload can choose a path in it, and no fileID leads there. No dot: proxies hide such. */
export const TEMPORARY_FOLDER = 'cloudlet-temporary'

export function isTemporaryPath(path: string): boolean {
  return path.startsWith(`${TEMPORARY_FOLDER}/`)
}

/**
 * A path that somebody may choose.
 *
 * @throws {StorageError} `INVALID_PARAM` when the value breaks a rule; the message names the rule.
 */
export function checkCloudPath(value: unknown): CloudPath {
  if (isCloudPath(value) && !isTemporaryPath(value)) return value
  const fault =
    typeof value === 'string'
      ? (findFault(value) ?? `must not lie in ${TEMPORARY_FOLDER}, which is the storage's own`)
      : `must be a string, not ${kindOf(value)}`
  const shown = typeof value === 'string' ? ` ${quote(value)}` : ''
  throw new StorageError('INVALID_PARAM', `cloudPath${shown} ${fault}. Use a path like "folder/name.png".`)
}

/** Whether a file could be stored under this path. */
export function isCloudPath(value: unknown): value is CloudPath {
  return typeof value === 'string' && findFault(value) === undefined
}

/** A user's text for an error message: quoted, and cut to a readable length. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

/** Rules of wxcloud-spec §5.2, and what a URL or a log line could not carry. */
function findFault(path: string): string | undefined {
  if (path === '') return 'must not be empty'
  if (path.length > LIMITS.cloudPathBytes || Buffer.byteLength(path) > LIMITS.cloudPathBytes) {
    return `must not be longer than ${LIMITS.cloudPathBytes} bytes in UTF-8`
  }
  if (!path.isWellFormed()) return 'must be well-formed Unicode, without lone surrogates'
  if (/\p{Cc}/u.test(path)) return 'must not contain control characters'
  if (path.startsWith('/')) return 'must not start with "/"'
  if (path.endsWith('/')) return 'must not end with "/"'
  const segments = path.split('/')
  if (segments.includes('')) return 'must not contain "//"'
  if (segments.some(segment => segment === '.' || segment === '..')) {
    return 'must not contain "." or ".." as a folder'
  }
  return undefined
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
