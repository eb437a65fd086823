import { setTimeout as sleep } from 'node:timers/promises'
import { CloudletError, type FunctionHost } from 'cloudlet'
import type { Cloud } from 'cloudlet/client'
import { GOOD_PARTS } from './good-parts.ts'
import { HOSTILE_PARTS } from './hostile-parts.ts'
import type { Ledger } from './ledger.ts'
import type { Ending, Part, Sent } from './part.ts'
import { Random } from './random.ts'
import type { Gate } from './rest.ts'

/** What all lanes share. */
export interface Road {
  readonly host: FunctionHost
  readonly ledger: Ledger
  readonly seed: number
  readonly gate: Gate
  /** Lanes send nothing more once it aborts. */
  readonly stop: AbortSignal
}

/** One caller after the other in line: what it sends, and in which order, follows from seed and name alone. */
class Lane {
  readonly #road: Road
  readonly #name: string
  readonly random: Random
  #sentCount = 0

  constructor(road: Road, name: string) {
    this.#road = road
    this.#name = name
    this.random = new Random(hash(`${road.seed} ${name}`))
  }

  /** Whether it may send more, as soon as it may. */
  async goesOn(): Promise<boolean> {
    await this.#road.gate.pass()
    return !this.#road.stop.aborted
  }

  prepare(part: Part, openid: string): Sent {
    this.#sentCount++
    const nonce = `${this.#name}-${this.#sentCount}`
    return { nonce, openid, event: { nonce, ...part.makeEvent?.(this.random) } }
  }

  /** Sends one event and enters what became of it. Never rejects. */
  async send(part: Part, sent: Sent, ask: () => Promise<unknown>): Promise<void> {
    const { ledger } = this.#road
    ledger.send(part, sent)
    let ending: Ending = 'completed'
    let result: unknown
    let message = ''
    try {
      result = await ask()
    } catch (error) {
      ending = error instanceof CloudletError ? error.code : 'other'
      message = messageOf(error)
    }
    ledger.settle(part, sent, ending, result, message)
  }

  invoke(part: Part, sent: Sent): Promise<void> {
    const { openid, event } = sent
    const cancelAfterMs = part.cancelAfterMs?.(this.random)
    const signal = cancelAfterMs === undefined ? undefined : AbortSignal.timeout(cancelAfterMs)
    const options = { caller: { openid }, ...(signal === undefined ? undefined : { signal }) }
    return this.send(part, sent, async () => (await this.#road.host.invoke(part.name, event, options)).result)
  }
}

/** Good functions one after the other, by host.invoke. */
export async function runDirectLane(road: Road, openid: string): Promise<void> {
  const lane = new Lane(road, openid)
  while (await lane.goesOn()) {
    const part = lane.random.choose(GOOD_PARTS)
    await lane.invoke(part, lane.prepare(part, openid))
  }
}

/** The same through a client. */
export async function runClientLane(road: Road, openid: string, cloud: Cloud): Promise<void> {
  const lane = new Lane(road, openid)
  while (await lane.goesOn()) {
    const part = lane.random.choose(GOOD_PARTS)
    const sent = lane.prepare(part, openid)
    const call = { name: part.name, data: sent.event }
    await lane.send(part, sent, async () => (await cloud.callFunction(call)).result)
  }
}

/** One function so many times at once, each for a caller of its own. */
export async function runWaves(road: Road, part: Part, inFlight: number): Promise<void> {
  const lane = new Lane(road, `wave of ${part.name}`)
  while (await lane.goesOn()) {
    const wave = Array.from({ length: inFlight }, (_, index) => lane.prepare(part, `wave-${index}`))
    await Promise.all(wave.map(sent => lane.invoke(part, sent)))
    await sleep(lane.random.integer(0, WAVE_PAUSE_MS))
  }
}

/** Hostile functions one after the other, with pauses: each takes a core for as long as it may. */
export async function runHostileLane(road: Road, openid: string): Promise<void> {
  const lane = new Lane(road, openid)
  while (await lane.goesOn()) {
    const part = lane.random.choose(HOSTILE_PARTS)
    await lane.invoke(part, lane.prepare(part, openid))
    await sleep(lane.random.integer(0, HOSTILE_PAUSE_MS))
  }
}

/** A new version of one function again and again; each call after it gets that version. */
export async function runDeployLane(road: Road): Promise<void> {
  const lane = new Lane(road, 'deployer')
  for (let version = 1; await lane.goesOn(); version++) {
    const source = `exports.main = ({ nonce, userInfo }) => ({ nonce, openid: userInfo.openId, version: ${version} })`
    await road.host.deploy(VERSIONED.name, { files: { 'index.js': source } })
    for (let call = 0; call < CALLS_PER_VERSION; call++) {
      const part: Part = {
        ...VERSIONED,
        findFault: result => (result['version'] === version ? undefined : `version ${result['version']}`),
      }
      await lane.invoke(part, lane.prepare(part, 'deployer'))
    }
    await sleep(lane.random.integer(0, DEPLOY_PAUSE_MS))
  }
}

const WAVE_PAUSE_MS = 40
const HOSTILE_PAUSE_MS = 300
const DEPLOY_PAUSE_MS = 1000
const CALLS_PER_VERSION = 3
const VERSIONED: Part = {
  name: 'versioned',
  folder: 'good',
  weight: 0,
  config: {},
  endings: ['completed'],
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 2_166_136_261
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619)
  return value >>> 0
}
