import { InvalidOptionError } from '../errors.ts'

/** @throws {InvalidOptionError} for what is no integer within the range. */
export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidOptionError(
    name,
    `${name} must be an integer from ${min} to ${max}, not ${String(value)}.`,
  )
}
