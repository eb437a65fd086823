import type { Cloud } from 'cloudlet/client'

/** What the host said of each invocation, by requestID. */
export type InvocationLog = Map<string, { readonly isCold: boolean }>

/** One call of a function, as the user saw it. */
export interface Visit {
  readonly functionName: string
  readonly visitorName: string
  /** Clock of `performance.now()`. */
  readonly startedAtMs: number
  /** Round trip over the WebSocket. */
  readonly elapsedMs: number
  /** Undefined for a call that failed: a client's error names no instance. */
  readonly isCold: boolean | undefined
  /** The result, or the error's text. */
  readonly outcome: string
}

/** One user of the mini-program, with a connection of their own. */
export class Visitor {
  readonly name: string
  readonly #cloud: Cloud
  readonly #invocations: InvocationLog
  #visits: Visit[] = []

  constructor(name: string, cloud: Cloud, invocations: InvocationLog) {
    this.name = name
    this.#cloud = cloud
    this.#invocations = invocations
  }

  /** Calls a function and resolves with its result. */
  async call(functionName: string, data: object = {}): Promise<unknown> {
    const startedAtMs = performance.now()
    const { result, requestID } = await this.#cloud.callFunction({ name: functionName, data })
    const elapsedMs = performance.now() - startedAtMs
    const invocation = this.#invocations.get(requestID)
    if (invocation === undefined) {
      throw new Error(`The host reported no invocation ${requestID} of ${functionName}.`)
    }
    const { isCold } = invocation
    this.#note({ functionName, startedAtMs, elapsedMs, isCold, outcome: JSON.stringify(result) })
    return result
  }

  /** Makes a call that has to fail, and resolves with its errCode and errMsg. */
  async callInVain(functionName: string, data: object): Promise<{ errCode: unknown; errMsg: string }> {
    const startedAtMs = performance.now()
    const error: unknown = await this.#cloud.callFunction({ name: functionName, data }).then(
      ({ result }) => {
        throw new Error(`${functionName} should have failed, but answered ${JSON.stringify(result)}.`)
      },
      (reason: unknown) => reason,
    )
    const elapsedMs = performance.now() - startedAtMs
    if (!(error instanceof Error) || !('errCode' in error) || !('errMsg' in error)) throw error
    const { errCode, errMsg } = error
    this.#note({
      functionName,
      startedAtMs,
      elapsedMs,
      isCold: undefined,
      outcome: `error ${errCode}: ${errMsg}`,
    })
    return { errCode, errMsg: String(errMsg) }
  }

  /** The visits since the last time, in order. */
  takeVisits(): Visit[] {
    const visits = this.#visits
    this.#visits = []
    return visits
  }

  /** Closes the connection. */
  async leave(): Promise<void> {
    await this.#cloud.close()
  }

  #note(visit: Omit<Visit, 'visitorName'>): void {
    this.#visits.push({ visitorName: this.name, ...visit })
  }
}
