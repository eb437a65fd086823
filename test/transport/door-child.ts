import { createInterface } from 'node:readline'
import { developmentAuthenticator } from '../../src/transport/auth.ts'
import { Door } from '../../src/transport/server.ts'

/** What the process says of itself, once when it listens and for each line it is sent. */
export interface DoorReport {
  readonly port: number
  readonly sessionCount: number
  readonly rssBytes: number
  /** Faults, rejections nobody handled, warnings. */
  readonly faults: readonly string[]
}

/** A door in a process of its own, with the options of its first argument. It ends when its input does. */
async function run(): Promise<void> {
  const faults: string[] = []
  const onFault = (fault: unknown): void => void faults.push(String(fault))
  for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) process.on(event, onFault)
  const door = await Door.listen({
    port: 0,
    authenticate: developmentAuthenticator(),
    call: async ({ args, caller }) => ({ args, openid: caller.openid }),
    serveFile: async () => ({ kind: 'refused', status: 404, message: 'There is no such file.' }),
    health: () => ({ isHealthy: true }),
    onInternalError: onFault,
    ...JSON.parse(process.argv[2] ?? '{}'),
  })
  const report = (): void => {
    const { port, sessionCount } = door
    const told: DoorReport = { port, sessionCount, rssBytes: process.memoryUsage.rss(), faults }
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
  report()
  for await (const _ of createInterface({ input: process.stdin })) report()
  process.exit(0)
}

await run()
