import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from './database/database.ts'
import { DatabaseError, InvalidOptionError } from './errors.ts'
import { checkKnownOptions } from './known-options.ts'
import { LIMITS } from './limits.ts'
import { type IndexOptions, toIndexArgs } from './sdk/index-admin.ts'
import type { Permission } from './types.ts'

/** Beside the function folders: what collections there are, by name. */
export const COLLECTIONS_FILE = 'collections.json'

/** One collection as the file wants it. */
export interface CollectionSetup {
  readonly name: string
  /** What clients may do with it; without it that is left as it is. */
  readonly permission?: Permission
  readonly indexes: readonly IndexOptions[]
}

/**
 * Reads `collections.json` of a directory: an object with a member per collection, `{ permission?, indexes? }`.
 * Empty when there is no such file.
 *
 * @throws {InvalidOptionError} that says where in the file something is wrong. What permissions and indexes hold
 *   in detail is checked when they are set.
 */
export function readCollectionsFile(directory: string): CollectionSetup[] {
  const path = join(directory, COLLECTIONS_FILE)
  if (!existsSync(path)) return []
  const { size } = statSync(path)
  if (size > LIMITS.collectionsFileBytes) {
    throw invalid(`It has ${size} bytes; ${LIMITS.collectionsFileBytes} are allowed.`)
  }
  const given = requireObject(parse(readFileSync(path, 'utf8')), 'The file')
  return Object.entries(given).map(([name, setup]) => readSetup(name, setup))
}

/**
 * Makes the collections that are missing, then indexes and permissions. What is there already and not in the file
 * stays. The first that fails ends it; those before it hold.
 *
 * @throws {DatabaseError} for a name, index or permission that can't be; the message names the collection.
 */
export async function applyCollections(
  database: Database,
  setups: readonly CollectionSetup[],
): Promise<void> {
  if (setups.length === 0) return
  const existing = new Set(await database.listCollections())
  for (const setup of setups) {
    try {
      await applySetup(database, setup, existing.has(setup.name))
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      const message = `${COLLECTIONS_FILE}: "${setup.name}": ${error.message}`
      throw new DatabaseError(error.reason, message, { cause: error })
    }
  }
}

async function applySetup(
  database: Database,
  { name, permission, indexes }: CollectionSetup,
  exists: boolean,
): Promise<void> {
  if (!exists) await database.createCollection({ collection: name })
  if (permission !== undefined) await database.setPermission({ collection: name, permission })
  for (const index of indexes) await database.createIndex(toIndexArgs(name, index))
}

function readSetup(name: string, given: unknown): CollectionSetup {
  const setup = requireObject(given, `"${name}"`)
  checkKnown(`"${name}"`, setup, ['permission', 'indexes'])
  const { permission, indexes = [] } = setup
  if (!Array.isArray(indexes)) throw invalid(`"indexes" of "${name}" must be a list.`)
  const read = { name, indexes: indexes.map((index, at) => readIndex(index, `Index ${at + 1} of "${name}"`)) }
  return permission === undefined ? read : { ...read, permission: readPermission(name, permission) }
}

function readIndex(given: unknown, what: string): IndexOptions {
  const index = requireObject(given, what)
  checkKnown(what, index, ['fields', 'name', 'unique', 'sparse'])
  const { fields } = index
  if (typeof fields !== 'object' || fields === null || Object.keys(fields).length === 0) {
    throw invalid(`${what} needs "fields", such as { "owner": 1, "at": -1 }.`)
  }
  // The database checks the rest, as for any index it is asked for.
  return index as unknown as IndexOptions
}

function readPermission(name: string, given: unknown): Permission {
  if (typeof given === 'string' || (typeof given === 'object' && given !== null)) return given as Permission
  throw invalid(`"permission" of "${name}" must be a mode, such as "PRIVATE", or rules.`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw invalid(`It is not valid JSON: ${error instanceof Error ? error.message : error}.`)
  }
}

function requireObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw invalid(`${what} must be an object.`)
}

function checkKnown(what: string, given: object, known: readonly string[]): void {
  try {
    checkKnownOptions(what, given, known)
  } catch (error) {
    throw error instanceof Error ? invalid(`${what}: ${error.message}`) : error
  }
}

function invalid(message: string): InvalidOptionError {
  return new InvalidOptionError(COLLECTIONS_FILE, `${COLLECTIONS_FILE}: ${message}`)
}
