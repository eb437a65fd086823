import type { InvocationReport } from 'cloudlet'
import type { Ending, Fields, Part, Sent } from './part.ts'

/** What may go wrong with an invocation. `unprovoked`: it ended in a way its function doesn't call for. */
export const FAULTS = ['wrong', 'crossed', 'lost', 'doubled', 'unprovoked'] as const
export type Fault = (typeof FAULTS)[number]

export interface PartCount {
  /** Invocations sent. */
  readonly sentCount: number
  /** Invocations the host reported. Of functions that others call, these are more. */
  readonly reportedCount: number
  readonly endings: Readonly<Partial<Record<Ending, number>>>
}

interface Count {
  sent: number
  reported: number
  readonly endings: Map<Ending, number>
}

/** As many faults are told in full; the rest are counted. */
const TOLD_FAULTS = 40
/** What a log that was too long ends with. */
const LOG_LIMIT = '… (log limit reached'
/** So much longer than its function's own time limit may an invocation take, queue and busy machine included, in milliseconds. */
const LOST_AFTER_MS = 60_000

/** Keeps the accounts: what was sent, what came back, and whether it was the right thing, once, to the right caller. */
export class Ledger {
  readonly #counts = new Map<string, Count>()
  readonly #faults = new Map<Fault, number>(FAULTS.map(fault => [fault, 0]))
  readonly #told: string[] = []
  readonly #open = new Map<Sent, { readonly part: Part; readonly sentMs: number }>()
  readonly #completed = new Map<string, number>()
  #settledCount = 0

  get settledCount(): number {
    return this.#settledCount
  }

  get openCount(): number {
    return this.#open.size
  }

  /** The first faults, as sentences. */
  get told(): readonly string[] {
    return this.#told
  }

  send(part: Part, sent: Sent): void {
    this.#countOf(part.name).sent++
    this.#open.set(sent, { part, sentMs: performance.now() })
  }

  /** An invocation came back: with a result, or with the code of its error. */
  settle(part: Part, sent: Sent, ending: Ending, result: unknown, message = ''): void {
    if (!this.#open.delete(sent)) {
      this.#blame('doubled', part, `${sent.nonce} was settled twice`)
      return
    }
    this.#settledCount++
    const { endings } = this.#countOf(part.name)
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    if (!(part.endingsOf?.(sent) ?? part.endings).includes(ending)) {
      this.#blame('unprovoked', part, `${sent.nonce} ended with ${ending}: ${message.slice(0, 300)}`)
    } else if (ending === 'completed') {
      const key = `${part.name} ${sent.openid}`
      this.#completed.set(key, (this.#completed.get(key) ?? 0) + 1)
      this.#check(part, sent, result)
    }
  }

  /** Hears of every invocation from the host, nested ones included: whose logs they are. */
  hear({ functionName, caller, logs }: InvocationReport): void {
    this.#countOf(functionName).reported++
    const [first] = logs
    if (first === undefined) return
    const [nonce = ''] = first.message.split(' ')
    const own = `${nonce} ${caller.openid}`
    const strange = logs.find(({ message }) => message !== own && !message.includes(LOG_LIMIT))
    if (strange === undefined) return
    this.#blame('crossed', { name: functionName }, `logs "${strange.message}" among lines of "${own}"`)
  }

  /** What has been open for too long is lost. */
  findLost(): void {
    const nowMs = performance.now()
    for (const [sent, { part, sentMs }] of this.#open) {
      if (nowMs - sentMs < LOST_AFTER_MS + (part.config.timeout ?? 0) * 1000) continue
      this.#open.delete(sent)
      this.#blame('lost', part, `${sent.nonce} has no answer after ${Math.round(nowMs - sentMs)} ms`)
    }
  }

  /** After the last answer: what is still open is lost, and each invocation was reported once. */
  close(): void {
    for (const [sent, { part }] of this.#open) this.#blame('lost', part, `${sent.nonce} has no answer`)
    this.#open.clear()
    for (const [name, { sent, reported }] of this.#counts) {
      if (reported < sent) this.#blame('lost', { name }, `${sent} were sent, but ${reported} reported`)
    }
  }

  /** What a function counted itself, for one caller, against what came back to that caller. */
  compare(name: string, openid: string, counted: number): void {
    const completed = this.#completed.get(`${name} ${openid}`) ?? 0
    if (counted === completed) return
    const what = `${openid} got ${completed} answers, but ${counted} invocations counted themselves`
    this.#blame(counted > completed ? 'doubled' : 'lost', { name }, what)
  }

  faults(): Record<Fault, number> {
    return Object.fromEntries(this.#faults) as Record<Fault, number>
  }

  byPart(): Record<string, PartCount> {
    const rows = [...this.#counts].map(([name, { sent, reported, endings }]): [string, PartCount] => [
      name,
      { sentCount: sent, reportedCount: reported, endings: Object.fromEntries(endings) },
    ])
    return Object.fromEntries(rows.sort(([left], [right]) => (left < right ? -1 : 1)))
  }

  /** Invocations by how they ended. */
  byEnding(): Partial<Record<Ending, number>> {
    const sums = new Map<Ending, number>()
    for (const { endings } of this.#counts.values()) {
      for (const [ending, count] of endings) sums.set(ending, (sums.get(ending) ?? 0) + count)
    }
    return Object.fromEntries(sums)
  }

  #check(part: Part, sent: Sent, result: unknown): void {
    const fields = (typeof result === 'object' && result !== null ? result : {}) as Fields
    const { nonce, openid } = sent
    if (fields['nonce'] !== nonce || fields['openid'] !== openid) {
      const got = `${String(fields['nonce'])} of ${String(fields['openid'])}`
      this.#blame('crossed', part, `${nonce} of ${openid} got the answer of ${got.slice(0, 200)}`)
      return
    }
    const fault = part.findFault?.(fields, sent)
    if (fault !== undefined) this.#blame('wrong', part, `${nonce}: ${fault}`)
  }

  #blame(fault: Fault, { name }: { readonly name: string }, what: string): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1)
    if (this.#told.length < TOLD_FAULTS) this.#told.push(`${fault}: ${name}: ${what}.`)
  }

  #countOf(name: string): Count {
    let count = this.#counts.get(name)
    if (count === undefined) {
      count = { sent: 0, reported: 0, endings: new Map() }
      this.#counts.set(name, count)
    }
    return count
  }
}
