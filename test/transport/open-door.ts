import { onTestFinished } from 'vitest'
import { developmentAuthenticator } from '../../src/transport/auth.ts'
import type { DoorCall } from '../../src/transport/door-options.ts'
import { Door, type ListenOptions } from '../../src/transport/server.ts'

export interface TestDoor {
  readonly door: Door
  readonly url: string
  /** What onInternalError heard. */
  readonly faults: unknown[]
}

/** A door on a free port that closes with the test. Its ops answer what they were asked. */
export async function openDoor(options: Partial<ListenOptions> = {}): Promise<TestDoor> {
  const faults: unknown[] = []
  const door = await Door.listen({
    port: 0,
    authenticate: developmentAuthenticator(),
    call: async ({ op, args, caller }: DoorCall) => ({ op, args, openid: caller.openid }),
    serveFile: async () => ({ kind: 'refused', status: 404, message: 'There is no such file.' }),
    health: () => ({ isHealthy: true }),
    onInternalError: error => faults.push(error),
    drainTimeoutMs: 200,
    ...options,
  })
  onTestFinished(() => door.close())
  return { door, url: door.url, faults }
}

/** Calls that settle when the test says so. */
export class HeldCalls {
  readonly #held: { call: DoorCall; resolve: (value: unknown) => void; reject: (error: unknown) => void }[] =
    []
  #waiter: (() => void) | undefined

  readonly call = (call: DoorCall): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.#held.push({ call, resolve, reject })
      this.#waiter?.()
    })

  get count(): number {
    return this.#held.length
  }

  /** Resolves when so many calls were made in all. */
  async reached(count: number): Promise<void> {
    while (this.#held.length < count) {
      await new Promise<void>(resolve => {
        this.#waiter = resolve
      })
    }
  }

  at(index: number): { call: DoorCall; resolve: (value: unknown) => void; reject: (error: unknown) => void } {
    const held = this.#held[index]
    if (held === undefined) throw new Error(`Only ${this.#held.length} calls were made.`)
    return held
  }

  finishAll(): void {
    for (const { resolve } of this.#held) resolve('done')
  }
}
