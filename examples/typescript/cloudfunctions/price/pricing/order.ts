import { Grade, type Line } from './types'

const DISCOUNTS: Record<Grade, number> = { [Grade.Guest]: 0, [Grade.Member]: 0.05, [Grade.Gold]: 0.1 }

export function priceOf(lines: readonly Line[], prices: ReadonlyMap<string, number>, grade: Grade): number {
  const sum = lines.reduce((cents, { good, count }) => cents + count * unitPrice(good, prices), 0)
  return sum * (1 - DISCOUNTS[grade])
}

function unitPrice(good: string, prices: ReadonlyMap<string, number>): number {
  const cents = prices.get(good)
  if (cents === undefined) throw new RangeError(`there is no ${good} to buy`)
  return cents
}
