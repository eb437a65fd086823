import type { IndexDefinition } from './index-definition.ts'
import type { EngineOps } from './messages.ts'
import { type Store, tableToRead, tableToWrite } from './store.ts'

export function createIndex(
  store: Store,
  { collection, ...definition }: EngineOps['createIndex']['args'],
): EngineOps['createIndex']['result'] {
  const table = tableToWrite(store, collection)
  return { name: store.indexes.create({ collection, table }, definition) }
}

/** The one on `_id` first. */
export function listIndexes(
  store: Store,
  { collection }: EngineOps['listIndexes']['args'],
): EngineOps['listIndexes']['result'] {
  const table = tableToRead(store, collection)
  const own = table === undefined ? [] : store.indexes.of(table)
  return {
    indexes: [ID_INDEX, ...own].map(({ name, fields, unique, sparse }) => ({
      name,
      fields: fields.map(([path, direction]) => [path, direction]),
      unique,
      sparse,
    })),
  }
}

export function dropIndex(
  store: Store,
  { collection, name }: EngineOps['dropIndex']['args'],
): EngineOps['dropIndex']['result'] {
  store.indexes.drop({ collection, table: tableToWrite(store, collection) }, name)
  return {}
}

const ID_INDEX: IndexDefinition = { name: '_id_', fields: [['_id', 1]], unique: true, sparse: false }
