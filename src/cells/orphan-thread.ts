/**
 * The thread of a cell that ends it when its host is gone (orphan-watch.ts). A host that is gone has closed its end of
 * the channel, and then even a write of nothing fails, which changes nothing while it is open: so this needs no
 * descriptor of its own, disturbs no stream, and holds behind launchers that stay in between, and in namespaces of
 * processes. Windows tells by the parent's process, which exists no more.
 */
import { writeSync } from 'node:fs'
import { CHANNEL_FD } from './channel-fd.ts'

/** Milliseconds between two looks, each of some microseconds. */
const LOOK_EVERY_MS = 250
const NOTHING = new Uint8Array(0)
const parent = process.ppid

function isOrphan(): boolean {
  try {
    if (process.platform === 'win32') process.kill(parent, 0)
    else writeSync(CHANNEL_FD, NOTHING)
    return false
  } catch (error) {
    // A full channel is one that is open.
    return (error as NodeJS.ErrnoException).code !== 'EAGAIN'
  }
}

setInterval(() => {
  if (isOrphan()) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
