import { decodeValue, type Encoded, type EncodedObject, setField, tagOf } from '../protocol/value.ts'
import { reviveGeometry } from './geo.ts'

export interface FieldDifference {
  readonly updatedFields: Readonly<Record<string, unknown>>
  readonly removedFields: string[]
}

/**
 * What makes one version of a document the other, by dotted path. Objects are compared field by field; everything else,
 * arrays too, is one value.
 */
export function diffFields(before: EncodedObject, after: EncodedObject): FieldDifference {
  const updatedFields: Record<string, unknown> = {}
  const removedFields: string[] = []
  compare(before, after, '')
  return { updatedFields, removedFields }

  function compare(from: EncodedObject, to: EncodedObject, prefix: string): void {
    for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) removedFields.push(prefix + key)
    for (const [key, value] of Object.entries(to)) {
      const old = Object.hasOwn(from, key) ? from[key] : undefined
      if (isFields(old) && isFields(value)) compare(old, value, `${prefix}${key}.`)
      else if (old === undefined || !isEqual(old, value)) {
        setField(updatedFields, prefix + key, decodeValue(value, reviveGeometry))
      }
    }
  }
}

/** A plain object, not a date or another value that has a tag. */
function isFields(value: Encoded | undefined): value is EncodedObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    tagOf(value as EncodedObject) === undefined
  )
}

function isEqual(a: Encoded, b: Encoded): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
