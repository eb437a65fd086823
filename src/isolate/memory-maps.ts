import { readFileSync } from 'node:fs'
import { countIsolates } from './living-isolates.ts'

/** Memory maps one instance takes, 9 to 13 (bench/density); a bare isolate takes 8. */
const MAPS_PER_ISOLATE = 13
/** Maps left for everything else of the process: its own heap, threads, libraries, the embedder. */
const RESERVED_MAPS = 4096
/** What Linux allows a process unless it was set otherwise. */
const DEFAULT_MAX_MAPS = 65_530

let limit: number | undefined

/** Why no more isolates may be made: the kernel would refuse the maps, and V8 would abort the process. */
export function isolateRoom(): string | undefined {
  const livingCount = countIsolates()
  limit ??= Math.floor((readMaxMaps() - RESERVED_MAPS) / MAPS_PER_ISOLATE)
  if (livingCount < limit) return undefined
  return (
    `The process holds ${livingCount} isolates; with more it would run out of memory maps and be aborted. ` +
    'Lower maxInstances, or raise vm.max_map_count.'
  )
}

/** Only Linux has the limit; elsewhere its default is a bound as good as any. */
function readMaxMaps(): number {
  if (process.platform !== 'linux') return DEFAULT_MAX_MAPS
  const text = readFileSync('/proc/sys/vm/max_map_count', 'utf8')
  const maps = Number.parseInt(text, 10)
  return maps > RESERVED_MAPS ? maps : DEFAULT_MAX_MAPS
}
