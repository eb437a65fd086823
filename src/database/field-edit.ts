import { setField } from '../protocol/value.ts'
import { type Document, isDocument } from './document.ts'

/** A copy of the document, one level deep. */
export function copyOf(document: Document): Document {
  const copy: Document = {}
  for (const name of Object.keys(document)) setField(copy, name, document[name])
  return copy
}

/** A copy with another value at a path; an object takes the place of what is none on the way. */
export function setAt(
  document: Document,
  [segment = '', ...rest]: readonly string[],
  value: unknown,
): Document {
  const copy = copyOf(document)
  const inner = Object.hasOwn(document, segment) ? document[segment] : undefined
  setField(copy, segment, rest.length === 0 ? value : setAt(isDocument(inner) ? inner : {}, rest, value))
  return copy
}

/** A copy without what a path leads to. */
export function removeAt(document: Document, [segment = '', ...rest]: readonly string[]): Document {
  const copy = copyOf(document)
  const inner = Object.hasOwn(document, segment) ? document[segment] : undefined
  if (rest.length === 0) delete copy[segment]
  else if (isDocument(inner)) setField(copy, segment, removeAt(inner, rest))
  return copy
}
