import type { Encodable, Encoded } from '../protocol/value.ts'

/** The host's clock at the moment of a write, or of a comparison. Made by `db.serverDate()`. */
export class ServerDate implements Encodable {
  /** Milliseconds added to the host's time. */
  readonly offset: number

  constructor(offset: number) {
    this.offset = offset
  }

  /** The same, as clients of the platform have it. */
  get options(): { offset: number } {
    return { offset: this.offset }
  }

  encodeValue(): Encoded {
    return { $tcb_server_date: { offset: this.offset } }
  }
}

/** A regular expression of the database. Made by `db.RegExp()`; JavaScript's own work as well. */
export class DatabaseRegExp implements Encodable {
  readonly regexp: string
  /** Of `i`, `m`, `s`. */
  readonly options: string

  constructor(regexp: string, options: string) {
    this.regexp = regexp
    this.options = options
  }

  encodeValue(): Encoded {
    return { $regularExpression: { pattern: this.regexp, options: this.options } }
  }
}

/** @throws {TypeError} when `offset` is not a finite number of milliseconds. */
export function createServerDate(options: { readonly offset?: number } = {}): ServerDate {
  const offset = options.offset ?? 0
  if (!Number.isFinite(offset)) throw new TypeError('offset must be a number')
  return new ServerDate(offset)
}

/** A plain function, so that `new` works too. */
function makeRegExp(given: RegExpOptions): DatabaseRegExp {
  const { regexp, options = '' } = given
  if (typeof regexp !== 'string') throw new TypeError('regexp must be a string')
  if (typeof options !== 'string') throw new TypeError('options must be a string')
  return new DatabaseRegExp(regexp, options)
}

export interface RegExpOptions {
  readonly regexp: string
  /** Of `i`, `m`, `s`. */
  readonly options?: string
}

/** `db.RegExp`, with or without `new`. @throws {TypeError} when either option is not a string. */
export interface RegExpConstructor {
  new (options: RegExpOptions): DatabaseRegExp
  (options: RegExpOptions): DatabaseRegExp
}

export const createRegExp = makeRegExp as unknown as RegExpConstructor
