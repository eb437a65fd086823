/** A straight line through points, by least squares. */
export interface Trend {
  readonly slope: number
  /** Of the slope, if the points strayed from the line by chance alone. */
  readonly standardError: number
}

/** @throws {RangeError} for fewer than three points, or all at one place. */
export function fitTrend(points: readonly (readonly [x: number, y: number])[]): Trend {
  const count = points.length
  if (count < 3) throw new RangeError(`A trend takes three points; there are ${count}.`)
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  let squares = 0
  let products = 0
  for (const [x, y] of points) {
    squares += (x - meanX) ** 2
    products += (x - meanX) * (y - meanY)
  }
  if (squares === 0) throw new RangeError('A trend takes points at different places.')
  const slope = products / squares
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, standardError: Math.sqrt(residual / (count - 2) / squares) }
}
