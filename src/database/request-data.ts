import type { EncodedObject } from '../protocol/value.ts'
import { decodeInput, isDocument } from './document.ts'

/** What `request.data` of a rule holds at a path: a value, `undefined` for what isn't there, no answer if it can't be told. */
export type RequestData = (path: readonly string[]) => { readonly value: unknown } | undefined

/** A read or removal has no data. */
export const NO_DATA: RequestData = () => ({ value: undefined })

/** Of a whole new document. */
export function documentData(document: Readonly<Record<string, unknown>>): RequestData {
  return path => ({ value: valueAt(document, path) })
}

/**
 * Of an update: what `$set` sets is a value, what no operator touches is missing. The outcome of other operators hangs
 * on the document, and what is set in part is no whole value: neither can be told.
 */
export function updateData(update: EncodedObject, nowMs: number): RequestData {
  const touches: Touch[] = []
  for (const [operator, fields] of Object.entries(update)) {
    const isSet = operator === '$set'
    const decoded = isSet ? decodeInput(fields, 'filter', nowMs) : fields
    if (!isDocument(decoded)) continue
    for (const [path, value] of Object.entries(decoded)) {
      touches.push({ path: path.split('.'), isSet, value })
      if (operator === '$rename' && typeof value === 'string')
        touches.push({ path: value.split('.'), isSet, value })
    }
  }
  return path => {
    const touch = touches.find(one => isPrefix(one.path, path) || isPrefix(path, one.path))
    if (touch === undefined) return { value: undefined }
    if (!touch.isSet || !isPrefix(touch.path, path)) return undefined
    return { value: valueAt(touch.value, path.slice(touch.path.length)) }
  }
}

interface Touch {
  readonly path: readonly string[]
  readonly isSet: boolean
  readonly value: unknown
}

function isPrefix(start: readonly string[], path: readonly string[]): boolean {
  return start.length <= path.length && start.every((segment, index) => segment === path[index])
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const segment of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined
    found = Reflect.get(found, segment)
  }
  return found
}
