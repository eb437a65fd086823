/**
 * A number rounded at a decimal place by its exact binary value: 2.675 is a little less, so two places give 2.67.
 * Ties go to the even digit; with `isCut`, everything beyond the place is dropped instead.
 *
 * @param place digits after the point; negative ones count before it.
 */
export function roundAt(value: number, place: number, isCut: boolean): number {
  if (!Number.isFinite(value) || value === 0) return value
  const [mantissa, exponent] = partsOf(Math.abs(value))
  // |value| = mantissa * 2^exponent; its rounding is that of numerator / denominator, shifted by the place.
  let numerator = mantissa
  let denominator = 1n
  if (exponent > 0) numerator <<= BigInt(exponent)
  else denominator <<= BigInt(-exponent)
  if (place > 0) numerator *= 10n ** BigInt(place)
  else denominator *= 10n ** BigInt(-place)
  let digits = numerator / denominator
  if (!isCut) {
    const twice = (numerator % denominator) * 2n
    if (twice > denominator || (twice === denominator && digits % 2n === 1n)) digits += 1n
  }
  return Math.sign(value) * Number(`${digits}e${-place}`)
}

const BITS = new DataView(new ArrayBuffer(8))

/** A positive finite double as an integer times a power of two. */
function partsOf(value: number): [mantissa: bigint, exponent: number] {
  BITS.setFloat64(0, value)
  const bits = BITS.getBigUint64(0)
  const exponent = Number(bits >> 52n)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  return exponent === 0 ? [fraction, -1074] : [fraction | 0x10_0000_0000_0000n, exponent - 1075]
}
