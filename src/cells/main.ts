/**
 * A cell: a process that holds isolates for a host and does nothing else (docs/architecture.md). It lives as long as
 * its channel.
 */
import { Socket } from 'node:net'
import { BusyPoll } from '../busy-poll.ts'
import { setV8Flags } from '../isolate/v8-flags.ts'
import { type FromCell, PROBLEM_CHARS, type ToCell } from '../protocol/cell.ts'
import { Channel } from './channel.ts'
import { CHANNEL_FD } from './channel-fd.ts'
import { Inhabitants } from './inhabitants.ts'
import { watchForOrphaning } from './orphan-watch.ts'

/** At once, whatever the threads of isolates are doing: nothing here outlives the channel. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  channel.post(['failed', text.slice(0, PROBLEM_CHARS)])
  channel.end()
}

/** What one frame asks for may take a while together: the host hears in between that it goes on. */
function tellNowAndThen(): void {
  const nowMs = performance.now()
  if (nowMs - flushedMs < LONGEST_SILENCE_MS) return
  flushedMs = nowMs
  inhabitants.handle(['ping'])
  channel.flush()
}

const LONGEST_SILENCE_MS = 25
let flushedMs = 0
/** A host that has but this to do asks again at once. */
const poll = new BusyPoll()

// A terminal tells all processes of the host to end; this one ends with its channel, when the host has drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
setV8Flags()
watchForOrphaning()
const socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
const channel = new Channel<FromCell>(socket, {
  onFrame: value => {
    poll.meet()
    try {
      for (const message of value as readonly ToCell[]) {
        inhabitants.handle(message)
        tellNowAndThen()
      }
      channel.flush()
      poll.expect()
    } catch (error) {
      fail(error)
    }
  },
  onClose: leave,
})
const inhabitants = new Inhabitants(message => channel.post(message))
// What nobody foresaw is the host's to hear of; the process isn't to be trusted any more.
process.on('uncaughtException', fail)
channel.post(['ready'])
