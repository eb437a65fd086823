import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { restoreBackup } from '../database/backup.ts'
import { InvalidOptionError } from '../errors.ts'
import { type DataFlags, openData } from './db-data.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { printable, Terminal } from './terminal.ts'

/** `cloudlet db backup`: the whole database into one file. */
export async function backupDatabase(file: string, flags: DataFlags): Promise<ExitCode> {
  await using database = openData(flags)
  await database.backup(file)
  new Terminal(process.stderr).line(`The database is in ${printable(file)}.`)
  return EXIT_CODES.ok
}

/** `cloudlet db restore`: a backup in the place of the database there, if `--yes` says so, or where there is none. */
export async function restoreDatabase(
  file: string,
  { data, yes }: DataFlags & { readonly yes?: true },
): Promise<ExitCode> {
  if (!existsSync(file)) throw new InvalidOptionError('file', `There is no file ${printable(file)}.`)
  const directory = join(data, 'database')
  const errors = new Terminal(process.stderr)
  if (yes !== true && existsSync(join(directory, 'database.sqlite'))) {
    errors.line(
      `Nothing was done. Add --yes to put the backup in the place of the database in ${printable(data)}.`,
    )
    return EXIT_CODES.usage
  }
  await restoreBackup(file, directory)
  errors.line(`The database in ${printable(data)} is that of ${printable(file)}.`)
  return EXIT_CODES.ok
}
