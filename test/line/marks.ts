import { expect, onTestFinished } from 'vitest'
import { FunctionHost, type HostStats, type InvocationReport, type InvokeResult } from '../../src/index.ts'

export const SDK = "const cloud = require('wx-server-sdk'); cloud.init(); const db = cloud.database()\n"

/** Gives a function `mark(by)`, which writes down who runs now: in the database, by another function, in the log. */
export const MARK = `${SDK}
  const mark = by => {
    db.collection('marks').add({ data: { by, for: cloud.getWXContext().OPENID } })
    cloud.callFunction({ name: 'writer', data: { by: by + '/called' } })
    console.log('mark of ' + by)
  }
`

/** Ways for a handler to answer at once, whatever it leaves behind. */
export const ANSWERS: readonly (readonly [way: string, answer: string])[] = [
  ['a promise', 'return Promise.resolve("answered")'],
  ['a rejection', 'return Promise.reject(new Error("answered"))'],
  ['a value', 'return "answered"'],
  ['a throw', 'throw new Error("answered")'],
  [
    'callback, not waiting for the loop',
    'context.callbackWaitsForEmptyEventLoop = false; callback(null, "answered")',
  ],
  ['context.succeed', 'context.succeed("answered")'],
  ['context.fail', 'context.fail(new Error("answered"))'],
]

/** Whose work something was, by its own word, and under whose identity it was done. */
export interface Mark {
  readonly by: string
  readonly for: string
}

/** A host with a function under test, `f`, and a record of who did what under which identity. */
export class MarkedHost {
  readonly reports: InvocationReport[] = []
  readonly #host = new FunctionHost({ onInvocation: report => this.reports.push(report) })

  /** Closed when the test is over. */
  static async open(): Promise<MarkedHost> {
    const marked = new MarkedHost()
    onTestFinished(() => marked.#host.close())
    await marked.#host.database.createCollection('marks')
    await marked.deploy(
      'writer',
      `${SDK}exports.main = async ({ by, ms = 0 }) => {
        if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms))
        await db.collection('marks').add({ data: { by, for: cloud.getWXContext().OPENID } })
      }`,
      { concurrency: 20 },
    )
    return marked
  }

  /** With one instance unless told otherwise, so that the next caller gets the one the last had. */
  async deploy(name: string, source: string, config: object = { concurrency: 1 }): Promise<void> {
    await this.#host.deploy(name, { files: { 'index.js': source }, config })
  }

  ask(openid: string, event: object = {}): Promise<InvokeResult> {
    return this.#host.invoke('f', { ...event }, { caller: { openid } })
  }

  stats(): HostStats {
    return this.#host.stats()
  }

  async untilIdle(): Promise<void> {
    await expect.poll(() => this.stats().runningCount).toBe(0)
  }

  /** Once all work is done. */
  async readMarks(): Promise<Mark[]> {
    await this.untilIdle()
    const { data } = await this.#host.database.collection('marks').limit(1000).get()
    return data.map(({ by, for: caller }) => ({ by: String(by), for: String(caller) }))
  }
}
