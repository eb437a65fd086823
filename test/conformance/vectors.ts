import type { Database } from '../../src/sdk/database.ts'

/** What a program writes, and what the genuine SDK sends for it, with relaxed numbers (wxcloud-spec Appendix B). */
export type Vector = readonly [name: string, program: object, sent: object]

export function filterVectors(db: Database): readonly Vector[] {
  const _ = db.command
  const $ = db.command.aggregate
  const point = new db.Geo.Point(113, 23)
  const square = new db.Geo.Polygon([
    new db.Geo.LineString([
      new db.Geo.Point(0, 0),
      new db.Geo.Point(3, 0),
      new db.Geo.Point(3, 3),
      new db.Geo.Point(0, 0),
    ]),
  ])
  const pointJson = { type: 'Point', coordinates: [113, 23] }
  const squareJson = {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [3, 0],
        [3, 3],
        [0, 0],
      ],
    ],
  }

  return [
    [
      'nested object and in',
      { style: { color: _.in(['w', 'y']), size: 'L' } },
      { 'style.color': { $in: ['w', 'y'] }, 'style.size': 'L' },
    ],
    ['infix and', { p: _.gt(1).and(_.lt(5)) }, { $and: [{ p: { $gt: 1 } }, { p: { $lt: 5 } }] }],
    [
      'infix and, or',
      { a: _.gt(1).and(_.lt(5)).or(_.eq(9)) },
      { $or: [{ $and: [{ a: { $gt: 1 } }, { a: { $lt: 5 } }] }, { a: { $eq: 9 } }] },
    ],
    [
      'logic and fields below one object',
      { a: { b: _.gt(1).and(_.lt(3)), c: { d: _.in([1]) } } },
      { 'a.c.d': { $in: [1] }, $and: [{ 'a.b': { $gt: 1 } }, { 'a.b': { $lt: 3 } }] },
    ],
    [
      'exists and neq null',
      { x: 1, y: _.exists(true).and(_.neq(null)) },
      { x: 1, $and: [{ y: { $exists: true } }, { y: { $ne: null } }] },
    ],
    [
      'or of conditions',
      _.or([{ a: _.lte(50) }, { s: { c: _.in(['w']) } }]),
      { $or: [{ a: { $lte: 50 } }, { 's.c': { $in: ['w'] } }] },
    ],
    [
      'or inside and',
      _.and([{ a: 1 }, _.or({ b: 2 }, { c: _.gt(3) })]),
      { $and: [{ a: 1 }, { $or: [{ b: 2 }, { c: { $gt: 3 } }] }] },
    ],
    ['not', { x: _.not(_.eq(1)) }, { x: { $not: { $eq: 1 } } }],
    ['nor', { x: _.nor(_.eq(1), _.eq(2)) }, { $nor: [{ x: { $eq: 1 } }, { x: { $eq: 2 } }] }],
    ['mod of two', { x: _.mod(4, 1) }, { x: { $mod: [4, 1] } }],
    ['mod of an array', { x: _.mod([4, 1]) }, { x: { $mod: [4, 1] } }],
    [
      'elemMatch and all',
      { x: _.elemMatch(_.gt(1)), al: _.all([_.elemMatch({ q: 1 })]) },
      { x: { $elemMatch: { $gt: 1 } }, al: { $all: [{ $elemMatch: { q: 1 } }] } },
    ],
    [
      'null',
      { x: null, y: _.eq(null), z: _.in([null, 1]) },
      { x: null, y: { $eq: null }, z: { $in: [null, 1] } },
    ],
    ['dates', { d: new Date(0), e: { f: new Date(0) } }, { d: { $date: 0 }, 'e.f': { $date: 0 } }],
    ['undefined', { x: 1, u: undefined, o: { k: undefined } }, { x: 1 }],
    ['empty object', { a: {} }, {}],
    ['regular expression', { s: /mini/i }, { s: { $regularExpression: { pattern: 'mini', options: 'i' } } }],
    [
      'geoWithin area',
      { l: _.geoWithin({ geometry: square }) },
      { l: { $geoWithin: { $geometry: squareJson } } },
    ],
    [
      'geoWithin circle',
      { n: _.geoWithin({ centerSphere: [[-88, 30], 0.5] }) },
      { n: { $geoWithin: { $centerSphere: [[-88, 30], 0.5] } } },
    ],
    [
      'geoNear',
      { k: _.geoNear({ geometry: point, maxDistance: 100, minDistance: 1 }) },
      { k: { $nearSphere: { $geometry: pointJson, $maxDistance: 100, $minDistance: 1 } } },
    ],
    ['expr', _.expr($.gt(['$a', '$b'])), { $expr: { $gt: ['$a', '$b'] } }],
  ]
}

export function updateVectors(db: Database): readonly Vector[] {
  const _ = db.command
  return [
    [
      'every basic command',
      {
        a: _.inc(1),
        'p.q': 2,
        style: { color: 'blue', deep: { w: 1 } },
        rep: _.set({ x: 1 }),
        rm: _.remove(),
        mu: _.mul(2),
        t: _.push('one'),
        t2: _.push(['a', 'b']),
        po: _.pop(),
        sh: _.shift(),
        un: _.unshift(['q']),
        arr: [1, { k: 2 }],
        nul: null,
        sd: db.serverDate({ offset: 5 }),
      },
      {
        $inc: { a: 1 },
        $set: {
          'p.q': 2,
          rep: { x: 1 },
          sd: { $tcb_server_date: { offset: 5 } },
          arr: [1, { k: 2 }],
          nul: null,
          'style.color': 'blue',
          'style.deep.w': 1,
        },
        $unset: { rm: '' },
        $mul: { mu: 2 },
        $push: { t: { $each: ['one'] }, t2: { $each: ['a', 'b'] }, un: { $each: ['q'], $position: 0 } },
        $pop: { po: 1, sh: -1 },
      },
    ],
    [
      'later commands',
      {
        pe: _.push({ each: [1, 2], position: 1, sort: -1, slice: 3 }),
        pl: _.pull(_.gt(3)),
        pl2: _.pull({ a: 1 }),
        pa: _.pullAll([1, 2]),
        as: _.addToSet(5),
        mi: _.min(1),
        ma: _.max(9),
        rn: _.rename('newname'),
      },
      {
        $push: { pe: { $each: [1, 2], $position: 1, $sort: -1, $slice: 3 } },
        $pull: { pl: { $gt: 3 }, pl2: { a: 1 } },
        $pullAll: { pa: [1, 2] },
        $addToSet: { as: 5 },
        $min: { mi: 1 },
        $max: { ma: 9 },
        $rename: { rn: 'newname' },
      },
    ],
    [
      'commands below objects',
      {
        s: { c: _.inc(1), d: _.set({ x: 1 }), e: _.remove(), f: { g: _.push([1]) } },
        'k.m': _.remove(),
        z: {},
        y: [],
      },
      {
        $unset: { 'k.m': '', 's.e': '' },
        $set: { y: [], 's.d': { x: 1 } },
        $inc: { 's.c': 1 },
        $push: { 's.f.g': { $each: [1] } },
      },
    ],
    ['push of two', { f: _.push(1, 2) }, { $push: { f: { $each: [1, 2] } } }],
    ['push of an object', { f: _.push({ x: 1 }) }, { $push: { f: { $each: [{ x: 1 }] } } }],
    ['push of an array', { f: _.push([[1, 2]]) }, { $push: { f: { $each: [[1, 2]] } } }],
    ['unshift of two', { f: _.unshift(1, 2) }, { $push: { f: { $each: [1, 2], $position: 0 } } }],
    ['pull of a command', { f: _.pull(_.in([1, 2])) }, { $pull: { f: { $in: [1, 2] } } }],
    ['pull of a condition', { g: _.pull({ a: _.gt(1) }) }, { $pull: { g: { a: { $gt: 1 } } } }],
    ['addToSet of an array', { h: _.addToSet([1, 2]) }, { $addToSet: { h: [1, 2] } }],
  ]
}
