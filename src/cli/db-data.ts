import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Database } from '../database/database.ts'
import { InvalidOptionError } from '../errors.ts'
import { Terminal } from './terminal.ts'

/** What every `db` verb is told. */
export interface DataFlags {
  /** The folder `cloudlet dev` keeps its data in. */
  readonly data: string
}

/**
 * The database of a data directory, held by this process alone.
 *
 * @throws {InvalidOptionError} when there is none, unless it may be made.
 */
export function openData({ data }: DataFlags, mayMake = false): Database {
  const directory = join(data, 'database')
  if (!mayMake && !existsSync(join(directory, 'database.sqlite'))) {
    throw new InvalidOptionError(
      'data',
      `There is no database in ${data}. Name the folder with --data: the one "cloudlet dev" says it keeps its data in.`,
    )
  }
  const errors = new Terminal(process.stderr)
  return new Database({ directory, onWarning: message => errors.line(errors.paint('yellow', message)) })
}
