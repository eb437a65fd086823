/**
 * Holds the host that programs are tried on, and its neighbours: a process of its own, so that one can tell when it
 * dies. Told what to run by the first message; says what it is at, and tells each result.
 */
import { FunctionHost, type FunctionHostOptions } from 'cloudlet'
import { Neighbours } from './neighbours.ts'
import type { Program } from './program.ts'
import { runTrial, type Stage, type Trial } from './trial.ts'

export type Isolation = NonNullable<FunctionHostOptions['isolation']>

export interface Assignment {
  readonly isolation: Isolation
  /** With the number that its function's name has, so that no two share one. */
  readonly programs: readonly { readonly number: number; readonly program: Program }[]
  /** Ports on loopback: functions may reach one, and nobody listens on the other. */
  readonly event: { readonly open: number; readonly secret: number }
}

export type Told =
  | { readonly kind: 'beat' }
  | { readonly kind: 'started'; readonly number: number }
  | { readonly kind: 'done'; readonly trial: Trial }
  /** The host is closed, and the process ends by itself. */
  | { readonly kind: 'closed' }

/** Its event loop goes round when the supervisor hears it so often. */
export const BEAT_MS = 100
const WARM_UP_MS = 2000

process.once('message', assignment => run(assignment as Assignment))

async function run({ isolation, programs, event }: Assignment): Promise<void> {
  const beat = setInterval(() => tell({ kind: 'beat' }), BEAT_MS)
  const warnings: string[] = []
  const host = new FunctionHost({
    isolation,
    network: { allow: [`127.0.0.1:${event.open}`, '*'], dnsServers: ['127.0.0.1:9'], connectTimeoutMs: 1000 },
    onWarning: message => warnings.push(message),
    onInternalError: (id, cause) => warnings.push(`incident ${id}: ${String(cause)}`),
  })
  const neighbours = new Neighbours(host)
  await neighbours.deploy()
  await host.database.createCollection('flood')
  await host.deploy('good', {
    files: { 'index.js': 'exports.main = async event => ({ twice: event.n * 2 })' },
  })
  neighbours.start()
  await new Promise(resolve => setTimeout(resolve, WARM_UP_MS))
  const stage: Stage = {
    host,
    neighbours,
    event,
    takeWarnings: () => warnings.splice(0),
    countReplacedCells: () => host.stats().replacedCellCount,
  }
  for (const { number, program } of programs) {
    tell({ kind: 'started', number })
    tell({ kind: 'done', trial: await runTrial(stage, program, number) })
  }
  await neighbours.stop()
  await host.close()
  clearInterval(beat)
  tell({ kind: 'closed' })
  process.disconnect?.()
}

function tell(told: Told): void {
  process.send?.(told)
}
