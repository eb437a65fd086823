import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 150
const REFRESH_MS = 2000
/** A process that has not shown itself so long is gone, or as good as gone. */
const STALE_MS = 20_000

/** The right to make something, until `end`. */
export interface Turn {
  end(): Promise<void>
}

export interface TurnRequest {
  /** The file that stands for it. */
  readonly file: string
  readonly signal: AbortSignal
  /** Whether what others make is there. */
  readonly isMade: () => Promise<boolean>
  /** Heard once, when somebody else has the turn. */
  readonly onWait: () => void
}

/**
 * Waits for its turn among the processes that want to make the same; undefined when another one has made it.
 *
 * It saves work and is no more than that: should two have a turn at once, after one slept for long, both make it and
 * one of them is kept.
 */
export async function takeTurn({ file, signal, isMade, onWait }: TurnRequest): Promise<Turn | undefined> {
  const token = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
  let isWaiting = false
  for (;;) {
    signal.throwIfAborted()
    if (await isMade()) return undefined
    if (await create(file, token)) return hold(file, token)
    if (await isAbandoned(file)) await setAside(file)
    else {
      if (!isWaiting) onWait()
      isWaiting = true
      await delay(POLL_MS)
    }
  }
}

async function create(file: string, token: string): Promise<boolean> {
  try {
    await writeFile(file, token, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function hold(file: string, token: string): Turn {
  const timer = setInterval(() => void refresh(file), REFRESH_MS).unref()
  return {
    async end() {
      clearInterval(timer)
      if ((await readToken(file)) === token) await rm(file, { force: true })
    },
  }
}

async function refresh(file: string): Promise<void> {
  const now = new Date()
  // Another process may have taken it over; its own file then is refreshed once too often.
  await utimes(file, now, now).catch(ignoreMissing)
}

/** Whether its process is dead, or silent for too long. */
async function isAbandoned(file: string): Promise<boolean> {
  const found = await stat(file).catch(ignoreMissing)
  if (found === undefined) return false
  if (Date.now() - found.mtimeMs > STALE_MS) return true
  const owner = parseOwner((await readToken(file)) ?? '')
  return owner !== undefined && owner.host === hostname() && !isAlive(owner.pid)
}

/** Under a name of its own first, so that only one of those who wait removes it. */
async function setAside(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  await rename(file, aside).catch(ignoreMissing)
  await rm(aside, { force: true })
}

function parseOwner(token: string): { pid: number; host: string } | undefined {
  try {
    const { pid, host } = JSON.parse(token)
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, host } : undefined
  } catch {
    // It is being written.
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function readToken(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(ignoreMissing)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
