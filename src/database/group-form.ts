import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'
import { readFieldPath } from './field-path.ts'
import type { Path } from './path.ts'
import { jsonPath } from './sql.ts'

/** A `$group` of the kind that SQLite can do as MongoDB would, for most documents. */
export interface GroupForm {
  /** All that are looked at, each once; keys and outputs have them by number. */
  readonly paths: readonly Path[]
  readonly key: GroupKey
  /** By the fields of the groups, in their order. */
  readonly outputs: readonly GroupOutput[]
}

export interface GroupKey {
  readonly at: readonly number[]
  /** The key, of what a document has at the paths: undefined where it has nothing. */
  make(values: readonly unknown[]): unknown
}

/** `count` adds `step` for each document. `number` adds what is a number, `extreme` keeps a least or greatest value. */
export type GroupOutput =
  | { readonly kind: 'count'; readonly step: number }
  | { readonly kind: 'number'; readonly at: number }
  | { readonly kind: 'extreme'; readonly at: number; readonly isMax: boolean }

/** Keys and outputs of one `$group` together: what SQLite holds of a document is bounded by it. */
const MAX_COLUMNS = 12

/** Undefined for a `$group` that SQLite can't do. Both operands have been read and found right. */
export function groupFormOf(by: unknown, outputs: Document): GroupForm | undefined {
  const paths = new PathList()
  const key = keyOf(by, paths)
  const forms = Object.values(outputs).map(written => outputOf(written, paths))
  if (key === undefined || key.at.length + forms.length > MAX_COLUMNS) return undefined
  const known = forms.filter(form => form !== undefined)
  return known.length === forms.length ? { paths: paths.paths, key, outputs: known } : undefined
}

class PathList {
  readonly paths: Path[] = []

  /** The number of the path of `$a.b`; undefined if it is none, as `$$name`, or SQLite doesn't walk it as MongoDB does. */
  add(written: unknown): number | undefined {
    if (typeof written !== 'string' || !/^\$[^$]/.test(written)) return undefined
    const path = readFieldPath(written.slice(1), 'The path')
    if (jsonPath(path) === undefined) return undefined
    const known = this.paths.findIndex(({ text }) => text === path.text)
    return known === -1 ? this.paths.push(path) - 1 : known
  }
}

function keyOf(by: unknown, paths: PathList): GroupKey | undefined {
  if (typeof by === 'string' && by.startsWith('$')) {
    const at = paths.add(by)
    return at === undefined ? undefined : { at: [at], make: ([value]) => value ?? null }
  }
  if (typeof by !== 'object' || by === null) return { at: [], make: () => by }
  if (!isDocument(by)) return undefined
  const names = Object.keys(by)
  const at = Object.values(by).flatMap(written => paths.add(written) ?? [])
  const isOfPaths = names.length > 0 && at.length === names.length && names[0]?.startsWith('$') === false
  return isOfPaths ? { at, make: values => objectOf(names, values) } : undefined
}

function objectOf(names: readonly string[], values: readonly unknown[]): Document {
  const key: Document = {}
  for (const [index, name] of names.entries()) {
    if (values[index] !== undefined) setField(key, name, values[index])
  }
  return key
}

function outputOf(written: unknown, paths: PathList): GroupOutput | undefined {
  const [[operator, operand] = ['', undefined]] = isDocument(written) ? Object.entries(written) : []
  if (operator === '$count') return { kind: 'count', step: 1 }
  if (operator === '$sum' && Number.isSafeInteger(operand)) return { kind: 'count', step: Number(operand) }
  const at = paths.add(operand)
  if (at === undefined) return undefined
  if (operator === '$sum' || operator === '$avg') return { kind: 'number', at }
  const isMax = operator === '$max'
  return isMax || operator === '$min' ? { kind: 'extreme', at, isMax } : undefined
}
