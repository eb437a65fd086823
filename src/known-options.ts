import { InvalidOptionError } from './errors.ts'

/**
 * That options are an object with nothing else in it: a misspelt option must not silently mean its default.
 *
 * @param what names the options in errors.
 * @throws {InvalidOptionError} that lists the options there are.
 */
export function checkKnownOptions(what: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError(what, `${what} must be an object, not ${nameType(given)}.`)
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    throw new InvalidOptionError(key, `"${key}" is not an option. Options: ${known.toSorted().join(', ')}.`)
  }
}

function nameType(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value
}
