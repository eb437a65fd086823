/** Documents in the collection that is read. */
export const DOCUMENT_COUNT = 100_000
/** Documents of one group: what the indexed query finds. */
export const GROUP_DOCUMENTS = 20
/** Documents that the scan finds. */
export const MATCH_COUNT = 100

const CITIES = ['Bergen', 'Chengdu', 'Lima', 'Nairobi', 'Oslo', 'Porto', 'Quito', 'Riga', 'Suva', 'Turin']

export interface BenchDocument {
  readonly _id: string
  readonly group: number
  readonly city: string
  readonly score: number
  readonly title: string
  readonly tags: readonly string[]
  readonly author: { readonly name: string; readonly level: number }
}

/** The document of that number, about 230 bytes of JSON. */
export function makeDocument(index: number, id = `d${index}`): BenchDocument {
  return {
    _id: id,
    group: Math.floor(index / GROUP_DOCUMENTS),
    city: CITIES[index % CITIES.length] ?? '',
    score: Math.floor(index / CITIES.length) % (DOCUMENT_COUNT / CITIES.length / MATCH_COUNT),
    title: `The document of number ${index}, with a title of some length`,
    tags: ['one', 'two', `t${index % 97}`],
    author: { name: `Author ${index % 1013}`, level: index % 7 },
  }
}

/** One in a thousand: a city and a score. */
export const MATCH = { city: 'Oslo', score: 42 }

/** A group per city, and the same that only JavaScript can do, for it counts with an expression. */
export const GROUPS = {
  storage: { $group: { _id: '$city', count: { $sum: 1 }, total: { $sum: '$score' } } },
  memory: { $group: { _id: '$city', count: { $sum: { $literal: 1 } }, total: { $sum: '$score' } } },
} as const

/** @throws {Error} unless all documents were counted. */
export function checkGroups(documents: unknown): void {
  const counted = Array.isArray(documents) ? documents.reduce((sum, { count }) => sum + count, 0) : 0
  if (counted !== DOCUMENT_COUNT) throw new Error(`There should have been ${DOCUMENT_COUNT} in groups.`)
}

/** Numbers that lie far apart and meet every document once. */
export function* spread(count: number): Generator<number, never> {
  for (let index = 0; ; index = (index + 7919) % count) yield index
}

/** @throws {Error} unless there are so many, with an `_id` each. */
export function checkDocuments(documents: unknown, count: number): void {
  const isRight =
    Array.isArray(documents) &&
    documents.length === count &&
    documents.every(document => typeof document?._id === 'string')
  if (!isRight) throw new Error(`There should have been ${count} documents.`)
}
