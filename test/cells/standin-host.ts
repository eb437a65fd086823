/**
 * A host to be killed: starts stand-in cells, in all the states that a cell may be in, and prints their process ids as
 * a line of JSON; then it does nothing.
 */
import { once } from 'node:events'
import { launchCell } from '../../src/cells/launch.ts'
import { Standin } from './standin-client.ts'

/** A launcher that stays in between, so that the cell is no child of the host's. */
const BETWEEN = ['/bin/sh', '-c', '"$@"; exit $?', 'between']

const idle = new Standin()
const hanging = new Standin()
const behindLauncher = new Standin({ launcher: BETWEEN })
const pids: number[] = []
for (const cell of [idle, hanging, behindLauncher]) pids.push((await cell.ask('facts')).pid)
hanging.tell('spin')
behindLauncher.tell('spin')

// Hangs as soon as it watches.
const script = new URL('./hangs-at-once.ts', import.meta.url)
const hangsAtOnce = launchCell({ memoryMb: 512, maxIsolates: 4, launcher: [], script })
await once(hangsAtOnce.channel, 'data')
pids.push(hangsAtOnce.process.pid as number)

console.log(JSON.stringify(pids))
setInterval(() => undefined, 1000)
