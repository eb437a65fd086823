import { setTimeout as sleep } from 'node:timers/promises'
import { FunctionHost } from 'cloudlet'
import { type Cloud, createCloud } from 'cloudlet/client'
import { ALL_GOOD_PARTS, ECHO, FIXED_COUNT, MOODY } from './good-parts.ts'
import { HOSTILE_PARTS } from './hostile-parts.ts'
import { type Road, runClientLane, runDeployLane, runDirectLane, runHostileLane, runWaves } from './lanes.ts'
import { type Fault, Ledger, type PartCount } from './ledger.ts'
import { readFiles } from './part.ts'
import { Probe, type RestingSample, type Sample } from './probe.ts'
import { Gate, rest, restCountOf } from './rest.ts'

export interface SoakSettings {
  readonly durationMs: number
  readonly seed: number
  /** Hears of each sample as it is taken. */
  readonly onSample?: (sample: Sample) => void
}

/** What a soak found. */
export interface SoakRecord {
  readonly durationMs: number
  readonly seed: number
  readonly invocationCount: number
  readonly faults: Readonly<Record<Fault, number>>
  /** The first faults, as sentences. */
  readonly told: readonly string[]
  readonly parts: Readonly<Record<string, PartCount>>
  readonly samples: readonly Sample[]
  /** At the rests. */
  readonly rests: readonly RestingSample[]
  /** Incidents and warnings of the host: there should be none. */
  readonly notices: readonly string[]
  readonly health: string
}

const DIRECT_LANES = 12
const CLIENT_LANES = 4
const HOSTILE_LANES = 3
const WAVE_IN_FLIGHT = 64
/** Samples of a run, between a quarter of a second and five. */
const SAMPLES = 120
/** For the last answers after the last event was sent, in milliseconds. */
const DRAIN_MS = 60_000
const MOST_NOTICES = 20

/** Runs good and hostile functions side by side on one host for a time, and checks each answer. */
export async function runSoak(settings: SoakSettings): Promise<SoakRecord> {
  const { durationMs, seed, onSample = () => {} } = settings
  const ledger = new Ledger()
  const notices: string[] = []
  const note = (text: string): void => {
    if (notices.length < MOST_NOTICES) notices.push(text)
  }
  await using host = new FunctionHost({
    memoryMb: 64,
    memoryBudgetMb: 4096,
    maxConcurrency: 128,
    onInvocation: report => ledger.hear(report),
    onWarning: note,
    onInternalError: (incidentId, cause) => note(`incident ${incidentId}: ${String(cause)}`),
  })
  const openids = Array.from({ length: DIRECT_LANES + CLIENT_LANES }, (_, index) => `caller-${index}`)
  await prepare(host, openids)
  const { url } = await host.listen({ port: 0 })
  const clients = openids.slice(DIRECT_LANES).map(openid => createCloud({ url, openid }))
  const stopper = new AbortController()
  const probe = new Probe(host, ledger, sampleEveryMs(durationMs), onSample)
  const gate = new Gate()
  const startMs = performance.now()
  const running = startLanes({ host, ledger, seed, gate, stop: stopper.signal }, openids, clients)
  const restCount = restCountOf(durationMs)
  for (let count = 1; count <= restCount; count++) {
    await sleep(startMs + (durationMs * count) / restCount - performance.now())
    gate.close()
    await rest(host, ledger)
    probe.takeResting()
    if (count === restCount) stopper.abort()
    gate.open()
  }
  await Promise.race([running, sleep(DRAIN_MS, undefined, { ref: false })])
  probe.stop()
  ledger.close()
  await compareTallies(host, ledger, openids)
  const health = host.health.status
  await Promise.all(clients.map(client => client.close()))
  return {
    durationMs,
    seed,
    invocationCount: ledger.settledCount,
    faults: ledger.faults(),
    told: ledger.told,
    parts: ledger.byPart(),
    samples: probe.samples,
    rests: probe.rests,
    notices,
    health,
  }
}

function sampleEveryMs(durationMs: number): number {
  return Math.min(5000, Math.max(250, Math.round(durationMs / SAMPLES)))
}

async function prepare(host: FunctionHost, openids: readonly string[]): Promise<void> {
  const { database } = host
  for (const name of ['notes', 'tallies', 'fixed']) await database.createCollection(name)
  for (const openid of openids)
    await database.collection('tallies').add({ data: { _id: openid, documents: 0, left: 0 } })
  for (let index = 0; index < FIXED_COUNT; index++)
    await database.collection('fixed').add({ data: { _id: `fixed-${index}`, index } })
  for (const part of [...ALL_GOOD_PARTS, ...HOSTILE_PARTS]) {
    await host.deploy(part.name, { files: readFiles(part), config: part.config })
  }
}

/** Functions that count themselves in the database have done it once for each answer, also where they didn't wait for it. */
async function compareTallies(host: FunctionHost, ledger: Ledger, openids: readonly string[]): Promise<void> {
  const untilMs = performance.now() + DRAIN_MS
  while (host.stats().runningCount > 0 && performance.now() < untilMs) await sleep(20)
  for (const openid of openids) {
    const { data } = await host.database.collection('tallies').doc(openid).get()
    ledger.compare('documents', openid, Number(data?.['documents']))
    ledger.compare('leaves-work', openid, Number(data?.['left']))
  }
}

async function startLanes(road: Road, openids: readonly string[], clients: readonly Cloud[]): Promise<void> {
  const direct = openids.slice(0, DIRECT_LANES)
  await Promise.all([
    ...direct.map(openid => runDirectLane(road, openid)),
    ...clients.map((client, index) => runClientLane(road, `${openids[DIRECT_LANES + index]}`, client)),
    ...Array.from({ length: HOSTILE_LANES }, (_, index) => runHostileLane(road, `hostile-${index}`)),
    runWaves(road, ECHO, WAVE_IN_FLIGHT),
    runWaves(road, MOODY, WAVE_IN_FLIGHT),
    runDeployLane(road),
  ])
}
