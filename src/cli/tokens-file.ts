import { readFileSync } from 'node:fs'
import { type Caller, InvalidOptionError } from '../index.ts'

/**
 * Reads who may connect to `cloudlet serve`: JSON like `{ "<token>": { "openid": "o-ming" } }`. A caller's fields are
 * checked when somebody connects with the token.
 *
 * @throws {InvalidOptionError} for a file that can't be read or holds anything else.
 */
export function readTokensFile(path: string): ReadonlyMap<string, Caller> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new InvalidOptionError('tokens', `--tokens ${path}: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError('tokens', `--tokens ${path} must hold an object from token to caller.`)
  }
  return new Map(Object.entries(value as Record<string, Caller>))
}
