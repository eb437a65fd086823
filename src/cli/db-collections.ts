import { type DataFlags, openData } from './db-data.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { formatTable } from './table.ts'
import { printable, Terminal } from './terminal.ts'

/** `cloudlet db list`: the collections, how many documents each has, and its indexes. */
export async function listCollections(flags: DataFlags): Promise<ExitCode> {
  await using database = openData(flags)
  const output = new Terminal(process.stdout)
  const rows: string[][] = []
  for (const collection of await database.listCollections()) {
    const { total } = await database.count({ collection, filter: {} })
    const { indexes } = await database.listIndexes({ collection })
    rows.push([printable(collection), String(total), indexes.map(({ name }) => printable(name)).join(', ')])
  }
  if (rows.length === 0) new Terminal(process.stderr).line('There are no collections.')
  else
    for (const line of formatTable([['collection', 'documents', 'indexes'], ...rows], [1])) output.line(line)
  return EXIT_CODES.ok
}

/** `cloudlet db drop`: a collection with all its documents, if `--yes` says so. */
export async function dropCollection(
  collection: string,
  flags: DataFlags & { readonly yes?: true },
): Promise<ExitCode> {
  await using database = openData(flags)
  const errors = new Terminal(process.stderr)
  const { total } = await database.count({ collection, filter: {} })
  const name = `"${printable(collection)}" and its ${total} documents`
  if (flags.yes !== true) {
    errors.line(`Nothing was done. Add --yes to drop ${name} for good.`)
    return EXIT_CODES.usage
  }
  await database.dropCollection(collection)
  errors.line(`Dropped ${name}.`)
  return EXIT_CODES.ok
}
