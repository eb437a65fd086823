import { InvalidOptionError } from './errors.ts'

/**
 * That options are whole numbers within their ranges, both ends included. One that is undefined has its default.
 *
 * @param prefix what comes before an option's name in errors, such as `network.`.
 * @throws {InvalidOptionError} that names the option at fault.
 */
export function checkRanges(
  prefix: string,
  given: object,
  ranges: Readonly<Record<string, readonly [min: number, max: number]>>,
): void {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value: unknown = Reflect.get(given, name)
    if (value === undefined) continue
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) continue
    const option = `${prefix}${name}`
    throw new InvalidOptionError(
      option,
      `${option} is ${String(value)}, but must be a whole number from ${min} to ${max}.`,
    )
  }
}
