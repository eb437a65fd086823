import type { Document } from './document.ts'
import { setAt } from './field-edit.ts'
import { readFieldPath } from './field-path.ts'
import type { Filter } from './filter.ts'
import { parseConditions } from './filter-parser.ts'
import { parseNear } from './geo-filter.ts'
import { findNearest, type Near, type Nearest } from './geo-near.ts'
import { EARTH_RADIUS_METRES } from './geo-vector.ts'
import { Leading } from './leading.ts'
import type { Path } from './path.ts'
import {
  ALL_FIELDS,
  badStage,
  type PipelineRun,
  readCount,
  readFields,
  type Stage,
  type StageContext,
  type StageTable,
} from './stage.ts'
import { sizeOf } from './value-size.ts'

export const NEAR_STAGES: StageTable = { $geoNear: readGeoNear }

interface GeoNear {
  readonly near: Near
  readonly key: Path | undefined
  readonly query: Filter
  readonly distanceField: readonly string[]
  readonly locationField: readonly string[] | undefined
  readonly multiplier: number
  readonly most: number
}

/** Documents from near to far. Metres for a GeoJSON point; for a bare position, radians, as in MongoDB. */
function readGeoNear(operand: unknown, context: StageContext): Omit<Stage, 'name'> {
  if (!context.isFirst) throw badStage(context, 'must be the first stage.')
  const fields = readFields(context, operand, [
    ...['near', 'distanceField', 'spherical', 'limit', 'num', 'maxDistance', 'minDistance', 'query'],
    ...['distanceMultiplier', 'includeLocs', 'key'],
  ])
  const { near, includeLocs, key, spherical = true, distanceMultiplier = 1 } = fields
  if (spherical !== true)
    throw badStage(context, 'needs spherical: true: distances are measured on a sphere.')
  if (typeof distanceMultiplier !== 'number' || !(distanceMultiplier >= 0)) {
    throw badStage(context, 'needs a number of at least 0 as distanceMultiplier.')
  }
  const isPosition = Array.isArray(near)
  const unit = isPosition ? EARTH_RADIUS_METRES : 1
  const limit = fields['limit'] ?? fields['num']
  const search: GeoNear = {
    near: parseNear('$nearSphere', {
      $geometry: isPosition ? { type: 'Point', coordinates: near } : near,
      ...distance(context, '$minDistance', fields['minDistance'], unit),
      ...distance(context, '$maxDistance', fields['maxDistance'], unit),
    }),
    key: key === undefined ? undefined : readFieldPath(key, 'key'),
    query: parseConditions(fields['query'] ?? {}),
    distanceField: readFieldPath(fields['distanceField'], 'distanceField').segments,
    locationField: includeLocs === undefined ? undefined : readFieldPath(includeLocs, 'includeLocs').segments,
    multiplier: distanceMultiplier / unit,
    most: limit === undefined ? Infinity : readCount(context, limit, 1),
  }
  return {
    use: ALL_FIELDS,
    task: {
      kind: 'near',
      written: fields['query'] ?? {},
      filterOf: run => filterOf(search, pathOf(search, run, context)),
    },
    run: (documents, run, wanted) =>
      measure(documents, run, search, pathOf(search, run, context), Math.min(search.most, wanted)),
  }
}

function distance(context: StageContext, name: string, value: unknown, unit: number): Record<string, number> {
  if (value === undefined || value === null) return {}
  if (typeof value === 'number') return { [name]: value * unit }
  throw badStage(context, `needs a number as ${name.slice(1)}.`)
}

function pathOf({ key }: GeoNear, run: PipelineRun, context: StageContext): Path {
  if (key !== undefined) return key
  const field = run.geoField(run.collection)
  if (field !== undefined) return readFieldPath(field, 'key')
  throw badStage(
    context,
    'needs key, the path of the field with the place: the collection has not exactly one geo index.',
  )
}

function filterOf({ near, query }: GeoNear, path: Path): Filter {
  return {
    kind: 'and',
    filters: [query, { kind: 'field', path, expandLeaf: true, test: { op: 'near', near } }],
  }
}

interface Found extends Nearest {
  readonly document: Document
}

function* measure(
  documents: Iterable<Document>,
  { memory }: PipelineRun,
  { near, distanceField, locationField, multiplier }: GeoNear,
  { segments }: Path,
  most: number,
): Generator<Document> {
  const holding = memory.hold('$geoNear')
  const leading = new Leading<Found>(holding, most, (a, b) => a.metres - b.metres)
  try {
    for (const document of documents) {
      const nearest = findNearest(document, segments, near)
      if (nearest !== undefined) leading.add({ ...nearest, document }, sizeOf(document))
    }
    for (const { metres, location, document } of leading.entries()) {
      const measured = setAt(document, distanceField, metres * multiplier)
      yield locationField === undefined ? measured : setAt(measured, locationField, location)
    }
  } finally {
    holding.release()
  }
}
