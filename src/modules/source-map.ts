import { posix } from 'node:path'
import {
  decodedMappings,
  FlattenMap,
  originalPositionFor,
  type SourceMapInput,
  type TraceMap,
} from '@jridgewell/trace-mapping'
import type { SourceLocation } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { GUEST_ROOT } from '../protocol/bridge.ts'
import { type Mapping, PLACE_NUMBERS, type PlacePart, writePlaces } from '../protocol/places.ts'
import type { SourceTree } from '../source-tree.ts'

/** The maps of a program's files, as one text (protocol/places.ts). */
export class PlaceTable {
  #text = ''

  get text(): string {
    return this.#text
  }

  /** Undefined when the map is none: places are then those of the file itself. */
  add(path: string, map: string): PlacePart | undefined {
    const trace = readMap(map)
    if (trace === undefined) return undefined
    const sources = trace.resolvedSources.map(source => nameSource(path, source))
    const { text, blockCount } = writePlaces(mappingsOf(trace))
    const start = this.#text.length
    this.#text += text
    return [start, blockCount, sources]
  }
}

function readMap(map: string): TraceMap | undefined {
  const parsed = parseMap(map)
  if (parsed === undefined || countMappings(parsed) > LIMITS.sourceMapChars) return undefined
  try {
    const trace = FlattenMap(parsed as SourceMapInput)
    decodedMappings(trace)
    return trace
  } catch {
    // A map that is none tells of no other place.
    return undefined
  }
}

interface ParsedMap {
  readonly mappings?: unknown
  readonly sections?: unknown
}

function parseMap(map: string): ParsedMap | undefined {
  try {
    const parsed: unknown = JSON.parse(map.replace(/^\)\]\}'[^\n]*\n/, ''))
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    // As good as no map.
    return undefined
  }
}

function countMappings({ mappings, sections }: ParsedMap): number {
  if (!Array.isArray(sections)) return typeof mappings === 'string' ? mappings.length : 0
  const maps = sections.map((section: { map?: ParsedMap } | null) => section?.map)
  // Sections of sections are none.
  if (maps.some(map => Array.isArray(map?.sections))) return Number.POSITIVE_INFINITY
  return maps.reduce((sum, map) => sum + countMappings(map ?? {}), 0)
}

/** Whether a map is more than is read of one. */
export function isTooLargeMap(map: string): boolean {
  const parsed = map.length > LIMITS.sourceMapChars ? parseMap(map) : undefined
  return parsed !== undefined && countMappings(parsed) > LIMITS.sourceMapChars
}

/** What a map of nonsense says beside numbers that can be is left out. */
function mappingsOf(trace: TraceMap): Mapping[] {
  return decodedMappings(trace)
    .flatMap((segments, line) =>
      segments.map(
        ([column, source, sourceLine, sourceColumn]): Mapping =>
          source === undefined
            ? [line + 1, column, 0, 0, 0]
            : [line + 1, column, source + 1, (sourceLine ?? 0) + 1, sourceColumn ?? 0],
      ),
    )
    .filter(mapping => mapping.every(number => number >= 0 && number < PLACE_NUMBERS))
}

/** As a path in the function: what a map says is relative to the file, unless it names a scheme. */
function nameSource(path: string, source: string | null): string {
  if (source === null || source === '') return GUEST_ROOT + path
  const scheme = /^([a-z][\w+.-]+:\/\/)(.*)$/i.exec(source)
  if (scheme !== null) return `${scheme[1]}${posix.normalize(`/${scheme[2]}`).slice(1)}`
  return GUEST_ROOT + posix.join('/', source.startsWith('/') ? '' : posix.dirname(path), source)
}

const LINK = /^\/\/[#@]\s*sourceMappingURL=(\S+)[ \t]*$/gm
const INLINE = /^data:application\/json[^,]*?(;base64)?,(.*)$/s

/** The map that a file of a bundler's names: beside it, or in the name itself. */
export function findLinkedMap(tree: SourceTree, path: string, text: string): string | undefined {
  const link = [...text.matchAll(LINK)].at(-1)?.[1]
  if (link === undefined) return undefined
  const inline = INLINE.exec(link)
  try {
    if (inline !== null) {
      const [, isBase64, data = ''] = inline
      return isBase64 === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString()
    }
    const place = posix.join(posix.dirname(path), decodeURIComponent(link))
    return tree.kindOf(place) === 'file' ? tree.readText(place) : undefined
  } catch {
    // No URL, or no file that can be read: as good as no map.
    return undefined
  }
}

/** Where in the file an index of what was made of it comes from; lines and columns from 1. */
export function locateIndex(code: string, map: string, index: number): SourceLocation {
  const before = code.slice(0, index).split('\n')
  const trace = readMap(map)
  const column = before.at(-1)?.length ?? 0
  const found = trace === undefined ? undefined : originalPositionFor(trace, { line: before.length, column })
  return found?.line == null ? {} : { line: found.line, column: found.column + 1 }
}

/** The text with that map in it, and no other: what is made from the text is then mapped through it. */
export function relinkMap(text: string, map: string | undefined): string {
  const bare = withoutLink(text)
  if (map === undefined) return bare
  return `${bare}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
}

/** The same lines without the name of a map, which may be the whole map. */
export function withoutLink(text: string): string {
  return text.replace(LINK, '')
}
