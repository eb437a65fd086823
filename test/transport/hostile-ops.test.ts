import { expect, onTestFinished, test } from 'vitest'
import { FunctionHost } from '../../src/index.ts'
import { OPS } from '../../src/protocol/calls.ts'
import fc from '../random.ts'
import { RawPeer } from './raw-peer.ts'

const ROUNDS = 500
const CALLS = 30

/** What a well-meaning client would say, by argument. */
const SENSIBLE: Readonly<Record<string, readonly unknown[]>> = {
  collection: ['notes', 'open', 'none'],
  filter: [
    {},
    { n: 1 },
    { n: { $gt: 1 } },
    { $or: [{ n: 1 }, { _openid: 'o-honest' }] },
    { _openid: '{openid}' },
  ],
  update: [{ $set: { n: 2 } }, { $inc: { n: 1 } }, { $push: { list: 1 } }],
  document: [{ n: 1 }],
  documents: [[{ n: 1 }], [{ _id: 'x', n: 1 }, { n: 2 }]],
  projection: [{ n: 1 }, { n: 0 }],
  sort: [[['n', 1]], []],
  skip: [0, 1],
  limit: [0, 1, 20],
  multi: [true, false],
  pipeline: [[{ $match: {} }], [{ $group: { _id: '$n', total: { $sum: 1 } } }], [{ $project: { n: 1 } }]],
  id: ['x', 1],
  have: [[['x', 'v']], []],
  permission: ['READONLY', { read: true, write: 'doc._openid == auth.openid' }],
  fields: [[['n', 1]]],
  unique: [true],
  sparse: [true],
  transactionId: ['t'],
  name: ['echo', 'none'],
  data: [{}, { n: 1 }],
  cloudIDs: [{ a: 'cloudlet1.a.b' }, {}],
  cloudPath: ['a.txt', 'b/c.txt'],
  content: [new Uint8Array(3)],
  fileID: ['cloud://local.6c6f-local/a.txt'],
  fileIDs: [['cloud://local.6c6f-local/a.txt']],
  files: [[{ fileID: 'cloud://local.6c6f-local/a.txt', maxAgeSeconds: 60 }]],
  offset: [0, 1],
  length: [0, 3],
  sizeBytes: [0, 3],
  sha256: ['0'.repeat(64)],
  uploadId: ['0'.repeat(32)],
}

const odd = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    -0,
    -1,
    1.5,
    2 ** 53 - 1,
    -(2 ** 53),
    2 ** 63,
    5e-324,
    1e308,
    '',
    '\u0000',
    '../..',
    '__proto__',
  ],
  ...[
    'x'.repeat(257),
    'é'.repeat(5000),
    '\ud800',
    '$where',
    'constructor',
    '%2e%2e',
    'cloud://',
    'null',
    '{openid}',
  ],
  ...[
    [],
    [[]],
    [null],
    {},
    { $date: 'x' },
    { $date: 1e300 },
    { $numberDouble: 'NaN' },
    { $oid: 1 },
    { a: { $date: 0 } },
  ],
  ...[
    { $regularExpression: { pattern: '(', options: 'zz' } },
    { $tcb_server_date: { offset: 'x' } },
    { toJSON: 1 },
  ],
  ...[{ length: -1 }, { $where: 'sleep(1)' }, { 'a.b.c': 1 }, { '': 1 }, { $set: null }, { '$.': { $: 1 } }],
  JSON.parse('{"__proto__": {"openid": "o-honest"}}'),
  JSON.parse(`${'['.repeat(150)}${']'.repeat(150)}`),
  JSON.parse(`${'{"$and":['.repeat(60)}${']}'.repeat(60)}`),
)
const key = fc.constantFrom(
  ...[
    '$set',
    '$inc',
    '$push',
    '$each',
    '$unset',
    '$rename',
    '$mul',
    '$bit',
    '$gt',
    '$in',
    '$or',
    '$not',
    '$elemMatch',
  ],
  ...[
    '$expr',
    '$regex',
    '$options',
    '$size',
    '$mod',
    '$near',
    '$geoWithin',
    '$geometry',
    '$nin',
    '$all',
    '$exists',
  ],
  ...[
    '$match',
    '$group',
    '$lookup',
    '$out',
    '$function',
    '$sort',
    '$unwind',
    '$facet',
    '_id',
    '_openid',
    'n',
    'list.0',
    '.',
  ],
)
/** Operators where they don't belong, of what they can't work on. */
const { wild } = fc.letrec<{ wild: unknown }>(tie => ({
  wild: fc.oneof(
    { maxDepth: 4 },
    odd,
    fc.dictionary(key, tie('wild'), { maxKeys: 3 }),
    fc.array(tie('wild'), { maxLength: 3 }),
  ),
}))

const value = (name: string): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...(SENSIBLE[name] ?? [null])) },
    { weight: 1, arbitrary: wild },
  )

const CLIENT_OPS =
  /^(storage|functions)\.|^database\.(query|count|add|update|replace|remove|aggregate|watch|startTransaction)$/

const call = fc.oneof(
  ...Object.entries(OPS).map(([op, { args }]) => {
    const names = Object.keys(args.properties)
    const weight = CLIENT_OPS.test(op) ? 30 : 1
    const fields = fc.record(Object.fromEntries(names.map(name => [name, value(name)])), {
      requiredKeys: names,
    })
    const some = fc.record(Object.fromEntries(names.map(name => [name, value(name)])), { requiredKeys: [] })
    return {
      weight,
      arbitrary: fc.oneof({ weight: 4, arbitrary: fields }, some, wild).map(it => ({ op, args: it })),
    }
  }),
)

/** Bytes may stand in `content` only: what isn't sent at all proves nothing. */
function isSendable({ args }: { args: unknown }): boolean {
  return JSON.stringify(args) !== undefined
}

test(`whatever a client asks of a host, it is answered, ${ROUNDS * CALLS} times, and nothing of the host's breaks`, async () => {
  const incidents: unknown[] = []
  const host = new FunctionHost({ onInternalError: incident => void incidents.push(incident) })
  onTestFinished(() => host.close())
  await host.deploy('echo', { files: { 'index.js': 'exports.main = async event => event' } })
  for (const collection of ['notes', 'open']) await host.database.createCollection(collection)
  await host.database.setPermission('open', { read: true, write: true })
  const { url } = await host.listen({ port: 0 })
  const honest = await RawPeer.welcomed(url, 'o-honest')
  const { ids } = (await honest.call(1, 'database.add', {
    collection: 'notes',
    documents: [{ text: 'mine' }],
  })) as { ids: string[] }
  const own = { collection: 'notes', filter: { _id: ids[0] } }
  const codes = new Map<string, number>()
  let honestId = 1
  await fc.assert(
    fc.asyncProperty(
      fc.array(call.filter(isSendable), { minLength: CALLS, maxLength: CALLS }),
      async calls => {
        const peer = await RawPeer.welcomed(url, 'o-hostile')
        for (const [id, { op, args }] of calls.entries()) peer.send({ type: 'call', id, op, args })
        const streams = calls.flatMap(({ op }, id) => (op === 'database.watch' ? [id] : []))
        const answers = new Map<number, string>()
        const take = (): void => {
          for (const frame of peer.frames.splice(0)) {
            if (frame.type === 'error') expect(frame.id).toBeDefined()
            if (frame.type === 'error' || frame.type === 'result') {
              expect(answers.has(frame.id ?? -1)).toBe(false)
              answers.set(frame.id ?? -1, frame.type === 'error' ? frame.error.code : 'result')
            }
          }
        }
        expect(await honest.call(++honestId, 'database.query', own)).toMatchObject({
          documents: [{ text: 'mine' }],
        })
        for (const id of streams) peer.send({ type: 'cancel', id })
        while (answers.size < calls.length) {
          await Promise.race([
            peer.closed.then(({ code, reason }) => expect.fail(`closed with ${code} ${reason}`)),
            new Promise<void>(resolve => setTimeout(resolve, 2)),
          ])
          take()
        }
        for (const code of answers.values()) codes.set(code, (codes.get(code) ?? 0) + 1)
        expect([...answers.values()]).not.toContain('CLOUDLET_INTERNAL')
        peer.terminate()
      },
    ),
    { numRuns: ROUNDS },
  )
  // It reached what it was for.
  for (const code of [
    'result',
    'CLOUDLET_VALUE',
    'CLOUDLET_STORAGE',
    'CLOUDLET_DATABASE',
    'CLOUDLET_CAPABILITY_DENIED',
  ]) {
    expect(codes.get(code), code).toBeGreaterThan(ROUNDS)
  }
  expect(incidents).toEqual([])
  honest.terminate()
}, 300_000)
