import type { CompiledPermission } from '../rules/permission.ts'
import type { Permission } from '../types.ts'
import { type Collections, missingCollection } from './collections.ts'
import { compilePermission, DEFAULT_PERMISSION } from './permission.ts'
import type { Sqlite } from './sqlite.ts'

/** Compiled permissions kept. A collection has one, and there are rarely more collections. */
const MAX_COMPILED = 256

/** The permissions of the collections, kept in the database beside their names. */
export class Permissions {
  readonly #sqlite: Sqlite
  readonly #collections: Collections
  /** Rises with every change, undone ones included: so long as it stays, so do the permissions. */
  version = 0
  /** By their text, so that none is ever out of date. */
  readonly #compiled = new Map<string, CompiledPermission>()

  constructor(sqlite: Sqlite, collections: Collections) {
    this.#sqlite = sqlite
    this.#collections = collections
  }

  /** The default where none was set, and for a collection that doesn't exist. */
  get(collection: string): Permission {
    return JSON.parse(this.#text(collection))
  }

  /**
   * @throws {DatabaseError} INVALID_PARAM for what is no permission, DATABASE_COLLECTION_NOT_EXIST.
   */
  set(collection: string, permission: unknown): void {
    if (this.#collections.find(collection) === undefined) throw missingCollection(collection)
    compilePermission(permission)
    const text = JSON.stringify(permission)
    this.version++
    this.#sqlite.run('UPDATE collections SET permission = ?1 WHERE name = ?2', [text, collection])
  }

  compiled(collection: string): CompiledPermission {
    const text = this.#text(collection)
    const known = this.#compiled.get(text)
    if (known !== undefined) return known
    const compiled = compilePermission(JSON.parse(text))
    if (this.#compiled.size >= MAX_COMPILED) this.#compiled.clear()
    this.#compiled.set(text, compiled)
    return compiled
  }

  #text(collection: string): string {
    this.#collections.find(collection)
    const row = this.#sqlite.get('SELECT permission FROM collections WHERE name = ?1', [collection])
    const text = row?.['permission']
    return typeof text === 'string' ? text : DEFAULT_TEXT
  }
}

const DEFAULT_TEXT = JSON.stringify(DEFAULT_PERMISSION)
