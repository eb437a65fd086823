import { constants } from 'node:zlib'
import { LIMITS } from '../limits.ts'
import type { OpArgs, OpResult } from '../protocol/calls.ts'
import type { ZLIB_OPS } from '../protocol/calls-zlib.ts'
import { requireSize, splitBytes } from './byte-parts.ts'
import type { Handlers, Scope } from './capability.ts'
import type { HeavyWork } from './heavy-work.ts'
import { attempt, attemptSync } from './native-failure.ts'
import type { OpenHandles } from './open-handles.ts'
import { ZlibEngine } from './zlib-engine.ts'
import { memoryOf } from './zlib-memory.ts'
import { compressAtOnce } from './zlib-quick.ts'

const NOTHING = new Uint8Array()

/** Compression as functions reach it, through node:zlib. What comes out is made piece by piece, as it is asked for. */
export function zlibHandlers(open: OpenHandles, heavy: HeavyWork): Handlers<keyof typeof ZLIB_OPS> {
  return {
    'zlib.write': (args, scope) => write(open, heavy, args, scope),
    'zlib.params': async ({ id, level, strategy }, scope) => {
      const engine = open.get(scope, id, ZlibEngine)
      return attempt(async () => {
        await engine.setParams(level, strategy)
        return {}
      })
    },
    'zlib.close': async ({ id }, scope) => {
      open.close(scope, id)
      return {}
    },
  }
}

async function write(
  open: OpenHandles,
  heavy: HeavyWork,
  args: OpArgs<'zlib.write'>,
  scope: Scope,
): Promise<OpResult<'zlib.write'>> {
  const { create, flush, keep } = args
  const parts = splitBytes('zlib.write', args, create === undefined ? 1 : 2)
  const input = parts.at(-1) ?? NOTHING
  let { id } = args
  if (create !== undefined) {
    const dictionary = parts[0] ?? NOTHING
    requireSize('zlib.write.dictionary', dictionary, LIMITS.cryptoPartBytes)
    const memory = memoryOf(create, input)
    const isWhole = !keep && flush === constants.Z_FINISH
    const done = isWhole ? compressAtOnce(create, dictionary, input) : undefined
    if (done !== undefined) return done
    const made = attemptSync(() => ({
      engine: new ZlibEngine(create, create.hasDictionary ? dictionary : undefined, keep),
    }))
    if ('failure' in made) return made
    const { engine } = made
    id = open.open(scope, engine, memory, () => engine.close())
  }
  const engine = open.get(scope, id ?? '', ZlibEngine)
  if (flush !== undefined) engine.give(input, flush)
  const { failure, more, output } = await engine.take(scope, heavy)
  const { unused } = engine
  const goesOn = keep ? more || !engine.isOver : more
  if (!goesOn && id !== undefined) open.close(scope, id)
  return {
    ...(failure !== undefined && { failure }),
    ...(goesOn && id !== undefined && { id }),
    content: output,
    more,
    unused,
  }
}
