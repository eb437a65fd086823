import { InvalidOptionError } from '../errors.ts'

/** @throws {InvalidOptionError} for what is no integer within the range. */
export function requireInteger(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidOptionError(
      name,
      `${name} must be an integer from ${min} to ${max}, not ${String(value)}.`,
    )
  }
  return value
}
