import { createHash } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readChecked, writeChecked } from '../checked-file.ts'
import { type Conversion, type ConversionInput, convert } from './conversion.ts'
import { TARGET } from './transpile.ts'

/** To be raised with whatever changes what a conversion gives. */
const FORMAT = `1 ${TARGET}`
/** Functions of which conversions are kept; beyond them those deployed longest ago go. */
const MAX_FILES = 2000
const SUFFIX = '.json'

/** Where conversions are kept, and who hears of files that can't be read or written: that costs time only. */
export interface ConversionPlace {
  /** A directory, made when it is first written to. */
  readonly conversions: string
  readonly onWarning: (message: string) => void
}

type Kept = Record<string, Conversion | null>

/**
 * What files of one function were converted to, on disk in one file, so that deploying it again converts only what
 * has changed. A function of plain CommonJS asks for none, and nothing is read.
 */
export class ConversionCache {
  readonly #path: string | undefined
  readonly #directory: string | undefined
  readonly #onWarning: (message: string) => void
  readonly #used: Kept = {}
  #known: Promise<Kept> | undefined
  #hasNew = false

  /** Without a place nothing is kept. */
  constructor(functionName: string, place?: ConversionPlace) {
    this.#directory = place?.conversions
    this.#path = this.#directory === undefined ? undefined : join(this.#directory, functionName + SUFFIX)
    this.#onWarning = place?.onWarning ?? (() => {})
  }

  async convert(input: ConversionInput): Promise<Conversion | undefined> {
    const { path, text, format, tsconfig } = input
    const key = createHash('sha256')
      .update(JSON.stringify([FORMAT, path, format, tsconfig]))
      .update(text)
      .digest('base64url')
    this.#known ??= this.#read()
    const known = (await this.#known)[key]
    const conversion = known === undefined ? await convert(input) : (known ?? undefined)
    if (known === undefined) this.#hasNew = true
    this.#used[key] = conversion ?? null
    return conversion
  }

  /** Keeps what this deployment used, and nothing else. */
  async save(): Promise<void> {
    if (this.#path === undefined || !this.#hasNew) return
    try {
      await writeChecked(this.#path, Buffer.from(JSON.stringify(this.#used)))
      await this.#prune()
    } catch (error) {
      this.#warn(error)
    }
  }

  async #read(): Promise<Kept> {
    if (this.#path === undefined) return {}
    try {
      const file = await readChecked(this.#path)
      if (file.kind === 'damaged')
        this.#onWarning(`${this.#path} is damaged; the function is converted anew.`)
      return file.kind === 'whole' ? (JSON.parse(Buffer.from(file.data).toString()) as Kept) : {}
    } catch (error) {
      this.#warn(error)
      return {}
    }
  }

  async #prune(): Promise<void> {
    const directory = this.#directory as string
    const names = (await readdir(directory)).filter(name => name.endsWith(SUFFIX))
    if (names.length <= MAX_FILES) return
    const files = await Promise.all(
      names.map(async name => ({ name, writtenMs: (await stat(join(directory, name))).mtimeMs })),
    )
    files.sort((a, b) => a.writtenMs - b.writtenMs)
    for (const { name } of files.slice(0, files.length - MAX_FILES)) {
      await rm(join(directory, name), { force: true })
    }
  }

  #warn(error: unknown): void {
    this.#onWarning(`The conversions in ${this.#path} can't be used: ${(error as Error).message}`)
  }
}
