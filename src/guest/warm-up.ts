import {
  DOOR,
  type ModuleWrapper,
  type Program,
  SEND,
  START,
  type ToGuest,
  WARM_UP_KIND,
} from '../protocol/bridge.ts'
import { FIRST_INVOCATION } from '../protocol/first-invocation.ts'
import type { ServerCloud } from '../sdk/cloud.ts'
import { type NodeRequire, useNetwork, useNode } from './warm-up-node.ts'

/**
 * Runs once while the snapshot is made, in a context that is thrown away: what it calls is compiled, and V8
 * keeps the compiled code in the snapshot for every isolate (native-notes/snapshot.md). So it does what a typical
 * first invocation does.
 */
const globals = globalThis as unknown as Record<string, unknown>
/** Which snapshot is in the making (src/isolate/snapshot.ts). */
const kind = globals[WARM_UP_KIND]
const warmUp: ModuleWrapper = (exports, require) => {
  if (kind === 'node' || kind === 'network') useNode(require as NodeRequire)
  if (kind === 'network') useNetwork(require as NodeRequire)
  if (kind === 'plain') {
    ;(exports as { main?: unknown }).main = async (event: { fails: boolean }) => {
      console.log('warm', 1)
      if (event.fails) throw new Error('warm')
      return { at: new Date(0) }
    }
    return
  }
  const cloud = (require as (name: string) => ServerCloud)('wx-server-sdk')
  cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })
  const db = cloud.database()
  const handler = async (event: { fails: boolean }): Promise<unknown> => {
    console.log('warm', 1)
    if (event.fails) throw new Error('warm')
    const { OPENID } = cloud.getWXContext()
    const found = await db
      .collection('warm')
      .where({ owner: OPENID, count: db.command.gt(1) })
      .limit(1)
      .get()
    await db
      .collection('warm')
      .doc('1')
      .update({ data: { count: db.command.inc(1), at: db.serverDate() } })
    return { found, at: new Date(0) }
  }
  ;(exports as { main?: unknown }).main = handler
}
declare const console: { log(...args: unknown[]): void }

const program: Program = {
  entry: '/index.js',
  modules: [['/index.js', warmUp]],
  resolutions: {},
  lines: [[1, '/index.js']],
}

/** What the host says in turn: two invocations, answers to what they ask, and a turn without anything. */
const said: ToGuest[] = [
  { ...FIRST_INVOCATION, event: { fails: true } },
  { type: 'invoke', event: { fails: false }, requestId: '2', variables: { WX_OPENID: 'o' } },
  { type: 'reply', id: 1, value: { documents: [{ _id: '1', at: { $date: 0 } }] } },
  { type: 'reply', id: 2, value: { updated: 1 } },
  { type: 'drained' },
]

// The guest speaks at the end of a turn, when its microtasks have run; the script is one turn, so each crossing of the
// guest's brings the host's next. It runs in microtasks from there on.
globals[SEND] = sayNext
const dispatch = globals[DOOR] as (crossing?: number, text?: string) => void
;(globals[START] as (program: Program) => void)(program)
sayNext()
dispatch()

function sayNext(): void {
  const message = said.shift()
  if (message !== undefined) void Promise.resolve().then(() => dispatch(0, JSON.stringify([message])))
}
