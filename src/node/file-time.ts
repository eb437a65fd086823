/** A moment as stat tells it. */
export interface FileTime {
  readonly seconds: number
  readonly nanoseconds: number
}

export interface FileTimes {
  accessed: FileTime
  modified: FileTime
  changed: FileTime
  readonly born: FileTime
}

const { now } = Date
const { floor } = Math

export function timeOfMs(ms: number): FileTime {
  const seconds = floor(ms / 1000)
  return { seconds, nanoseconds: floor((ms - seconds * 1000) * 1e6) }
}

/** From seconds since 1970, as utimes has them. */
export function timeOfSeconds(seconds: number): FileTime {
  const whole = floor(seconds)
  return { seconds: whole, nanoseconds: floor((seconds - whole) * 1e9) }
}

export function timesNow(): FileTimes {
  const time = timeOfMs(now())
  return { accessed: time, modified: time, changed: time, born: time }
}

export function touch(times: FileTimes, isContent: boolean): void {
  const time = timeOfMs(now())
  times.changed = time
  if (isContent) times.modified = time
}
