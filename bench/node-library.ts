/**
 * Measures: what Node's own library costs a function that uses it: its first invocation, with a spare isolate ready
 * and without, and the resident memory of one more warm function, beside one that uses none of it.
 * Excludes: deploying, with the first function that needs it the snapshot in which the library is evaluated; making the
 * spare.
 * Run with: npm run bench -- node-library
 *
 * The floor is plain isolated-vm with hello, which has no runtime at all. The library is there for every function, and
 * those that use none of it are held to the bars of the engine; what the others pay is told.
 */
import { FunctionHost } from 'cloudlet'
import { runChild } from './child.ts'
import { coldContender, rawContender } from './cold-start.ts'
import type { Footprint } from './density-process.ts'
import { settle, startUp, waitForSpares } from './engine.ts'
import { bufferSource, helloSource, nodeSource } from './functions.ts'
import { compare, type Question, type Settings } from './harness.ts'
import { type Table, toRows } from './statistics.ts'

const SPARE_BAR = 0.4
const NO_SPARE_BAR = 1.6

export const nodeLibrary: Question = {
  name: 'node-library',
  measure: async settings => [await measureFirstCalls(settings), await measureMemory(settings)],
}

async function measureFirstCalls({ isQuick }: Settings): Promise<Table> {
  // Spares are of the kind that was asked for last, so each kind has a host of its own.
  await using sparing = new FunctionHost()
  await using sparingBuffer = new FunctionHost()
  await using sparingNone = new FunctionHost()
  await using unprepared = new FunctionHost({ spareIsolates: 0 })
  await using unpreparedNone = new FunctionHost({ spareIsolates: 0 })
  for (const host of [sparing, sparingBuffer, sparingNone, unprepared, unpreparedNone]) await startUp(host)
  return await compare({
    title: 'Cold start with Node’s library at hand',
    inFlight: 1,
    rounds: isQuick ? 40 : 300,
    warmUpRounds: 20,
    callsPerRound: 1,
    contenders: [
      rawContender(),
      {
        ...coldContender(sparingNone, 'a spare ready, none of it used', helloSource, () =>
          waitForSpares(sparingNone),
        ),
        bar: SPARE_BAR,
      },
      {
        ...coldContender(unpreparedNone, 'no spare, none of it used', helloSource, settle),
        bar: NO_SPARE_BAR,
      },
      coldContender(sparingBuffer, 'a spare ready, Buffer', bufferSource, () => waitForSpares(sparingBuffer)),
      coldContender(sparing, 'a spare ready, crypto, https and stream', nodeSource, () =>
        waitForSpares(sparing),
      ),
      coldContender(unprepared, 'no spare, crypto, https and stream', nodeSource, settle),
    ],
  })
}

async function measureMemory({ isQuick }: Settings): Promise<Table> {
  const count = String(isQuick ? 50 : 300)
  const kinds = ['raw', 'cloudlet', 'buffer', 'node'] as const
  const names = {
    raw: 'bare isolate',
    cloudlet: 'uses none of it',
    buffer: 'uses Buffer',
    node: 'requires crypto, https and stream',
  }
  const footprints: Record<(typeof kinds)[number], number[]> = { raw: [], cloudlet: [], buffer: [], node: [] }
  for (let round = 0; round < (isQuick ? 1 : 3); round++) {
    for (const kind of kinds) {
      const { addedKb } = await runChild<Footprint>('density-process.ts', [kind, count])
      footprints[kind].push(addedKb)
    }
  }
  const [raw, ...others] = kinds.map(kind => ({
    name: names[kind],
    samples: footprints[kind],
    parts: footprints[kind],
  }))
  if (raw === undefined) throw new Error('Nothing was measured.')
  return {
    title: 'Memory of one more warm function',
    unit: 'KB',
    better: 'lower',
    rows: toRows([raw, ...others]),
  }
}
