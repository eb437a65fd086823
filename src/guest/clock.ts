import { BigIntCtor, DateNow, MathFloor } from './intrinsics.ts'

let startMs = 0
/** Read last, so that time never goes backwards when the machine's clock is set. */
let latestMs = 0

/** The function's process begins: a snapshot must not hold when. */
export function startClock(): void {
  startMs = DateNow()
  latestMs = startMs
}

/** When that was, by the machine's clock. */
export function processStartMs(): number {
  return startMs
}

/** Milliseconds since the function's process began; a guest's clock knows no smaller unit. */
function elapsedMs(): number {
  const nowMs = DateNow()
  if (nowMs > latestMs) latestMs = nowMs
  return latestMs - startMs
}

/** `process.uptime`, in seconds. */
export function uptime(): number {
  return elapsedMs() / 1000
}

/** `process.hrtime`: seconds and nanoseconds, since `previous` if it is given. */
export function hrtime(previous?: readonly [number, number]): [seconds: number, nanoseconds: number] {
  const ms = elapsedMs()
  let seconds = MathFloor(ms / 1000)
  let nanoseconds = (ms % 1000) * 1e6
  if (previous !== undefined) {
    seconds -= previous[0]
    nanoseconds -= previous[1]
    if (nanoseconds < 0) {
      seconds--
      nanoseconds += 1e9
    }
  }
  return [seconds, nanoseconds]
}

hrtime.bigint = (): bigint => BigIntCtor(elapsedMs()) * BigIntCtor(1e6)
