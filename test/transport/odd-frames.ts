import fc from '../random.ts'
import { Entries, packOddly, Raw } from './odd-msgpack.ts'

/** Frames of a client, most of them right; a session that took one that isn't is closed. */

const KEYS = ['a', 'content', '__proto__', 'constructor', 'prototype', 'toJSON', 'then', 'hasOwnProperty', '']

const length = fc.constantFrom(0, 1, 63, 64, 65, 128, 256, 257, 8193, 40_000)
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(...KEYS, '\u0000', '\uFEFF', '￿', '😀', '$date', '$where'),
  length.map(count => 'é'.repeat(count)),
)
const number = fc.constantFrom(
  -0,
  0,
  1,
  -1,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  5e-324,
)
/** Right, but unusual: integers of 64 bits, floats for integers, long heads, text that is no UTF-8, deep lists. */
const unusual = fc.constantFrom(
  ...['cf0000000000000005', 'd3ffffffffffffffff', 'ca40a00000', 'cb7ff8000000000000', 'cbfff0000000000000'],
  ...['a1ff', 'a2c0af', 'a3eda080', 'd90161', 'da000161', 'dc0000', 'dd00000000', 'de0000', 'df00000000'],
  ...[10, 100, 250].map(depth => `${'91'.repeat(depth)}c0`),
  ...[10, 120].map(depth => `${'81a161'.repeat(depth)}c0`),
)
const wrong = fc.constantFrom(
  ...[
    'c1',
    'd40000',
    'c70000',
    'd6ff00000000',
    'cfffffffffffffffff',
    'dbffffffff41',
    'ddffffffff',
    'dfffffffff',
  ],
  ...['81c0c0', '810101', 'a561', `${'91'.repeat(260)}c0`, `${'81a161'.repeat(260)}c0`, 'c40100'],
)

function tree(leaf: fc.Arbitrary<unknown>, key: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { node } = fc.letrec<{ node: unknown }>(tie => ({
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }).map(entries => new Entries(entries)),
    ),
  }))
  return node
}

const raw = (hex: fc.Arbitrary<string>): fc.Arbitrary<unknown> => hex.map(it => new Raw(it))
const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null), raw(unusual))
/** Whatever may be in `args`. */
const anything = tree(leaf, text)
/** And what may not. */
const nonsense = tree(
  fc.oneof(leaf, raw(wrong), fc.uint8Array({ maxLength: 9 })),
  fc.oneof(text, number, raw(wrong)),
)

/** What is done to the call of each, by the door of the tests. */
export const OPS = ['echo', 'later', 'fail', 'hold', 'database.watch', 'storage.download'] as const
/** More calls than one session sends. */
const MOST_CALLS = 60

const near = fc.nat(MOST_CALLS)
const right: fc.Arbitrary<MakeFrame> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...OPS), anything).map(
      ([op, args]) =>
        (id: number): OddFrame => ({
          callId: id,
          fields: [
            ['args', args],
            ['type', 'call'],
            ['id', id],
            ['op', op],
          ],
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 300 }).map(
      content =>
        (id: number): OddFrame => ({
          callId: id,
          fields: [
            ['type', 'call'],
            ['id', id],
            ['op', 'echo'],
            ['args', new Entries([['content', content]])],
          ],
        }),
    ),
  },
  {
    weight: 3,
    arbitrary: near.map(
      id => (): OddFrame => ({
        fields: [
          ['id', id],
          ['type', 'cancel'],
        ],
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: near.map(
      id => (): OddFrame => ({
        fields: [
          ['type', 'ack'],
          ['id', id],
          ['sequence', 0],
        ],
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: near.map(
      nonce => (): OddFrame => ({
        fields: [
          ['type', 'ping'],
          ['nonce', nonce],
        ],
      }),
    ),
  },
)

const name = fc.constantFrom(
  'type',
  'id',
  'op',
  'args',
  'nonce',
  'count',
  'sequence',
  'versions',
  'resume',
  'x',
  ...KEYS,
)
const type = fc.constantFrom<unknown>(
  'call',
  'cancel',
  'ack',
  'received',
  'ping',
  'hello',
  'goodbye',
  'result',
  'event',
)
const odd: fc.Arbitrary<MakeFrame> = fc.oneof(
  fc.tuple(fc.oneof(type, nonsense), fc.array(fc.tuple(name, nonsense), { maxLength: 5 })).map(
    ([kind, fields]) =>
      (): OddFrame => ({ fields: [['type', kind], ...fields] }),
  ),
  fc.tuple(type, nonsense, nonsense).map(
    ([kind, id, sequence]) =>
      (): OddFrame => ({
        fields: [
          ['type', kind],
          ['id', id],
          ['sequence', sequence],
        ],
      }),
  ),
  nonsense.map(whole => (): OddFrame => ({ whole })),
)

interface OddFrame {
  /** If it is a call that a session takes. */
  readonly callId?: number
  readonly fields?: readonly (readonly [unknown, unknown])[]
  readonly whole?: unknown
}

type MakeFrame = (id: number) => OddFrame

export interface OddMessage {
  readonly bytes: Buffer
  /** Of a call that a session takes. */
  readonly callId: number | undefined
  /** It may be anything: bytes of it were changed, or it was made of parts that don't belong together. */
  readonly isChanged: boolean
}

function toMessage(frame: OddFrame): OddMessage {
  const value = frame.fields === undefined ? frame.whole : new Entries(frame.fields)
  return { bytes: packOddly(value), callId: frame.callId, isChanged: false }
}

const changed = fc
  .tuple(right, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(9))
  .map(([make, changes, cut]) => (id: number) => {
    const { bytes } = toMessage(make(id))
    for (const [at, byte] of changes) bytes[at % bytes.length] = byte
    return { bytes: bytes.subarray(0, Math.max(0, bytes.length - cut)), callId: undefined, isChanged: true }
  })

const message = fc.oneof(
  { weight: 100, arbitrary: right.map(make => (id: number) => toMessage(make(id))) },
  {
    weight: 1,
    arbitrary: odd.map(
      make =>
        (id: number): OddMessage => ({ ...toMessage(make(id)), isChanged: true }),
    ),
  },
  { weight: 1, arbitrary: changed },
)

/** What one client sends after its welcome, in this order. Calls have rising ids from 0. */
export const oddMessages: fc.Arbitrary<OddMessage[]> = fc
  .array(message, { minLength: 20, maxLength: MOST_CALLS, size: 'max' })
  .map(makes => makes.map((make, index) => make(index)))
