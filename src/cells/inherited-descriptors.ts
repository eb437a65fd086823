import { readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC among the flags that Linux tells, in octal, of an open descriptor. */
const CLOSED_AT_EXEC = 0o2000000
const STANDARD_STREAMS = 3

let found: readonly number[] | undefined

/**
 * The descriptors of this process, beyond the standard streams, which children would get without being given them.
 * Node opens none that way, and at its start closes to children those it was given, but only up to the first gap in
 * their numbers past 16. Linux only: elsewhere it starts children with nothing else open, or can't tell. Looked for
 * once, when the first cell starts, since a busy server has thousands; what an addon opens so later is not found.
 */
export function inheritedDescriptors(): readonly number[] {
  if (process.platform !== 'linux') return []
  found ??= readdirSync('/proc/self/fd').map(Number).filter(isPassedOn)
  return found.filter(isPassedOn)
}

function isPassedOn(descriptor: number): boolean {
  return descriptor >= STANDARD_STREAMS && (readFlags(descriptor) & CLOSED_AT_EXEC) === 0
}

/** Of a descriptor that is no longer open, as if it were closed to children. */
function readFlags(descriptor: number): number {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
    return Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '', 8)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return CLOSED_AT_EXEC
    throw error
  }
}
