import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { exportDocuments } from '../database/export.ts'
import type { FileFormat } from '../database/import.ts'
import { InvalidOptionError } from '../errors.ts'
import type { EncodedObject } from '../protocol/value.ts'
import { type DataFlags, openData } from './db-data.ts'
import { formatOf } from './db-import.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { Progress } from './progress.ts'
import { Terminal } from './terminal.ts'

export interface ExportFlags extends DataFlags {
  readonly format?: FileFormat
  /** Paths, with commas between. */
  readonly fields?: string
  /** A filter in MongoDB's form, as extended JSON. */
  readonly query?: string
}

/** `cloudlet db export`: a collection into a file, or to the standard output for `-`. */
export async function exportFile(collection: string, file: string, flags: ExportFlags): Promise<ExitCode> {
  const { fields, query } = flags
  const filter = query === undefined ? {} : readFilter(query)
  await using database = openData(flags)
  const { total } = await database.count({ collection, filter })
  const progress = new Progress(process.stderr, 'documents')
  let documentCount = 0
  const output = file === '-' ? process.stdout : createWriteStream(file)
  const chunks = exportDocuments(database, {
    collection,
    filter,
    format: flags.format ?? formatOf(file),
    ...(fields === undefined ? {} : { fields: fields.split(',').map(field => field.trim()) }),
    onProgress: count => {
      documentCount = count
      progress.show(count, total, count)
    },
  })
  try {
    await pipeline(Readable.from(chunks), output, { end: file !== '-' })
  } catch (error) {
    // `cloudlet db export … - | head` has got what it wanted.
    if (!isFileError(error)) throw error
    if (error.code !== 'EPIPE')
      throw new InvalidOptionError('file', `${file} can't be written (${error.code}).`)
  } finally {
    progress.clear()
  }
  if (file !== '-') new Terminal(process.stderr).line(`${documentCount} documents exported.`)
  return EXIT_CODES.ok
}

function readFilter(text: string): EncodedObject {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError('query', `--query is not valid JSON: ${reason}.`)
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  throw new InvalidOptionError('query', '--query must be a JSON object, e.g. \'{"age":{"$gt":17}}\'.')
}

function isFileError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}
