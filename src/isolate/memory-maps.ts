import { readFileSync } from 'node:fs'
import { countIsolates } from './living-isolates.ts'

/** Memory maps an instance may take: 10 without Node's library, up to 40 with much of it (bench/density-process). */
const MAPS_PER_ISOLATE = 64
/** Maps left for everything else of the process: its own heap, threads, libraries, the embedder. */
const RESERVED_MAPS = 4096
/** What Linux allows a process unless it was set otherwise. */
const DEFAULT_MAX_MAPS = 65_530
/** Maps an isolate gives back when it ends, at least: a bare one's. */
const MAPS_PER_BARE_ISOLATE = 8
/** Counting tens of thousands takes ten milliseconds: not more often than this, in milliseconds. */
const COUNT_AGAIN_MS = 1000

let maxMaps: number | undefined
/** Maps there were when they were last counted, and isolates then. */
let countedMaps = 0
let countedIsolates = 0
let countedAtMs = Number.NEGATIVE_INFINITY

/** Why no more isolates may be made: the kernel would refuse the maps, and V8 would abort the process. */
export function isolateRoom(): string | undefined {
  maxMaps ??= readMaxMaps()
  const livingCount = countIsolates()
  // As long as even large ones fit, nobody needs to count.
  if (livingCount * MAPS_PER_ISOLATE < maxMaps - RESERVED_MAPS) return undefined
  if (hasRoom(livingCount, maxMaps)) return undefined
  if (performance.now() - countedAtMs > COUNT_AGAIN_MS) {
    countedMaps = countMaps(livingCount)
    countedIsolates = livingCount
    countedAtMs = performance.now()
    if (hasRoom(livingCount, maxMaps)) return undefined
  }
  return (
    `The process holds ${livingCount} isolates; with more it would run out of memory maps and be aborted. ` +
    'Lower maxInstances, or raise vm.max_map_count.'
  )
}

/** Whether another fits, if each that came since the maps were counted has become large. */
function hasRoom(livingCount: number, max: number): boolean {
  if (countedIsolates === 0) return false
  const since = livingCount + 1 - countedIsolates
  const maps = countedMaps + since * (since > 0 ? MAPS_PER_ISOLATE : MAPS_PER_BARE_ISOLATE)
  return maps < max - RESERVED_MAPS
}

/** Where the system doesn't tell, as many as small instances take. */
function countMaps(livingCount: number): number {
  if (process.platform !== 'linux') return livingCount * 13
  let count = 0
  const bytes = readFileSync('/proc/self/maps')
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}

/** Only Linux has the limit; elsewhere its default is a bound as good as any. */
function readMaxMaps(): number {
  if (process.platform !== 'linux') return DEFAULT_MAX_MAPS
  const text = readFileSync('/proc/sys/vm/max_map_count', 'utf8')
  const maps = Number.parseInt(text, 10)
  return maps > RESERVED_MAPS ? maps : DEFAULT_MAX_MAPS
}
