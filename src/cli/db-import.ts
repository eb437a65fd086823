import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { type FileFormat, importDocuments } from '../database/import.ts'
import { DatabaseError, InvalidOptionError } from '../errors.ts'
import { type DataFlags, openData } from './db-data.ts'
import { EXIT_CODES, type ExitCode } from './exit-code.ts'
import { Progress } from './progress.ts'
import { printable, Terminal } from './terminal.ts'

export interface ImportFlags extends DataFlags {
  /** By the file's name when it isn't given: CSV for `.csv`, else JSON. */
  readonly format?: FileFormat
  readonly mode: 'insert' | 'upsert'
  /** Makes the database or the collection when it isn't there. */
  readonly create?: true
}

/**
 * `cloudlet db import`: a file, or the standard input for `-`, into a collection. Each rejected record is told with
 * its line; the others go in.
 */
export async function importFile(collection: string, file: string, flags: ImportFlags): Promise<ExitCode> {
  const isInput = file === '-'
  const sizeBytes = isInput ? 0 : await sizeOfFile(file)
  await using database = openData(flags, flags.create)
  if (flags.create === true) await createUnlessThere(database, collection)
  // Fails for a collection that isn't there before a line is read.
  await database.count({ collection, filter: { _id: '' } })
  const errors = new Terminal(process.stderr)
  const progress = new Progress(process.stderr, 'documents')
  let readBytes = 0
  const onBytes = (count: number): void => {
    readBytes += count
  }
  const result = await importDocuments(
    database,
    readText(isInput ? process.stdin : createReadStream(file), onBytes),
    {
      collection,
      format: flags.format ?? formatOf(file),
      mode: flags.mode,
      onProgress: ({ inserted, replaced }) => progress.show(readBytes, sizeBytes, inserted + replaced),
      onReject: (line, reason) => {
        progress.clear()
        errors.line(errors.paint('red', `line ${line}: ${printable(reason)}`))
      },
    },
  ).finally(() => progress.clear())
  const { inserted, replaced, rejected } = result
  errors.line(`${inserted} inserted, ${replaced} replaced, ${rejected} rejected.`)
  return rejected === 0 ? EXIT_CODES.ok : EXIT_CODES.failed
}

/** JSON, but for a file that is called CSV. */
export function formatOf(file: string): FileFormat {
  return extname(file).toLowerCase() === '.csv' ? 'csv' : 'json'
}

async function sizeOfFile(file: string): Promise<number> {
  try {
    const stats = await stat(file)
    if (stats.isFile() || stats.isFIFO() || stats.isCharacterDevice()) return stats.size
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new InvalidOptionError('file', `${file} can't be read (${reason}).`)
  }
  throw new InvalidOptionError('file', `${file} is no file.`)
}

async function createUnlessThere(database: ReturnType<typeof openData>, collection: string): Promise<void> {
  if ((await database.listCollections()).includes(collection)) return
  await database.createCollection({ collection })
}

/**
 * Text of UTF-8 bytes, without a mark of their order.
 *
 * @throws {DatabaseError} INVALID_PARAM for other bytes: text that is silently changed would be worse.
 */
async function* readText(
  stream: AsyncIterable<Buffer | string>,
  onBytes: (count: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let readBytes = 0
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
    } catch (error) {
      throw new DatabaseError('INVALID_PARAM', `The file is not UTF-8: see near byte ${readBytes}.`, {
        cause: error,
      })
    }
  }
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    yield decode(bytes)
    readBytes += bytes.length
    onBytes(bytes.length)
  }
  yield decode()
}
