import { InvalidOptionError } from '../errors.ts'
import { type DataFlags, openData } from './db-data.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { formatTable } from './table.ts'
import { printable, Terminal } from './terminal.ts'

export interface IndexFlags extends DataFlags {
  readonly name?: string
  readonly unique?: true
  readonly sparse?: true
  /** Name of one to drop. */
  readonly drop?: string
}

/** `cloudlet db index`: lists a collection's indexes, makes one of the fields given, or drops one. */
export async function manageIndexes(
  collection: string,
  fields: readonly string[],
  flags: IndexFlags,
): Promise<ExitCode> {
  const { name, unique, sparse, drop } = flags
  if (drop !== undefined && fields.length > 0) {
    throw new InvalidOptionError('drop', '--drop takes the name of an index, and no fields beside it.')
  }
  const wanted = fields.map(readField)
  await using database = openData(flags)
  const errors = new Terminal(process.stderr)
  if (drop !== undefined) {
    await database.dropIndex({ collection, name: drop })
    errors.line(`Dropped the index "${printable(drop)}".`)
  } else if (wanted.length > 0) {
    const made = await database.createIndex({
      collection,
      fields: wanted,
      ...(name === undefined ? {} : { name }),
      ...(unique === undefined ? {} : { unique }),
      ...(sparse === undefined ? {} : { sparse }),
    })
    errors.line(`Made the index "${printable(made.name)}".`)
  } else {
    const { indexes } = await database.listIndexes({ collection })
    const rows = indexes.map(index => [
      printable(index.name),
      index.fields.map(([path, direction]) => `${printable(path)}:${direction}`).join(' '),
      [...(index.unique ? ['unique'] : []), ...(index.sparse ? ['sparse'] : [])].join(' '),
    ])
    const output = new Terminal(process.stdout)
    for (const line of formatTable([['index', 'fields', ''], ...rows])) output.line(line)
  }
  return EXIT_CODES.ok
}

/** `path`, `path:1`, `path:-1` or `path:2dsphere`. */
function readField(text: string): [path: string, direction: 1 | -1 | '2dsphere'] {
  const [path, direction = '1'] = text.split(/:(?=[^:]*$)/)
  if (path !== undefined && path !== '') {
    if (direction === '1') return [path, 1]
    if (direction === '-1') return [path, -1]
    if (direction === '2dsphere') return [path, direction]
  }
  throw new InvalidOptionError(
    'fields',
    `A field of an index looks like path, path:-1 or path:2dsphere, not ${JSON.stringify(text)}.`,
  )
}
