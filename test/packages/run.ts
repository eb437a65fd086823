import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { FunctionHost } from '../../src/index.ts'
import { describePackage, makeFunctionFolder } from './function-folder.ts'
import { FOLDER } from './installation.ts'
import { runUnderNode } from './plain-node.ts'
import type { Use } from './uses.ts'
import type { World } from './world.ts'

/** How a use went inside cloudlet. */
export interface Outcome {
  readonly use: Use
  /** `name@version`. */
  readonly tried: string
  readonly state: 'works' | 'fails' | 'skipped'
  /** What went wrong, or which program is missing. */
  readonly reason?: string
}

/** No use gets anywhere else, whatever its package would rather call. */
const LOOPBACK = { allow: ['127.0.0.1'] }

/** Tries uses in the functions of one host. */
export class Trial {
  readonly #world: World
  readonly #host = new FunctionHost()

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Runs a use under Node and then in a cloud function.
   *
   * @throws {Error} when it doesn't do what is expected under Node itself: then the use is wrong, or its servers are.
   */
  async try(use: Use): Promise<Outcome> {
    const about = { use, tried: describePackage(use) }
    const missing = this.#world.findMissing(use)
    if (missing !== undefined) return { ...about, state: 'skipped', reason: `${missing} is not installed` }
    const folder = makeFunctionFolder(use)
    const expected: unknown = JSON.parse(
      readFileSync(join(FOLDER, 'uses', use.name, 'expected.json'), 'utf8'),
    )
    const plain = await runUnderNode(folder, this.#world.event)
    const difference = compare(expected, plain)
    if (difference !== undefined) throw new Error(`${about.tried} under Node itself: ${difference}`)
    const reason = await this.#invoke(use, folder, expected)
    return reason === undefined ? { ...about, state: 'works' } : { ...about, state: 'fails', reason }
  }

  /** What goes wrong, in an instance's first invocation or in its next. */
  async #invoke(use: Use, folder: string, expected: unknown): Promise<string | undefined> {
    try {
      await this.#host.deploy(use.name, folder, { network: LOOPBACK })
      const first = await this.#host.invoke(use.name, { ...this.#world.event })
      if (!(await this.#isOver())) return 'the first call was not over two seconds after its answer'
      const second = await this.#host.invoke(use.name, { ...this.#world.event })
      if (second.coldStart) return 'the instance was not kept after the first call'
      return (
        compare(expected, first.result) ?? compare(expected, second.result, 'the result of a second call')
      )
    } catch (error) {
      return (error as Error).message
    } finally {
      await this.#host.remove(use.name)
    }
  }

  /** An invocation that has answered may still be closing what it opened. */
  async #isOver(): Promise<boolean> {
    for (let left = 200; left > 0; left--) {
      if (this.#host.stats().runningCount === 0) return true
      await setTimeout(10)
    }
    return false
  }

  async close(): Promise<void> {
    await this.#host.close()
  }
}

/** Where two values first differ. */
function compare(expected: unknown, actual: unknown, path = 'the result'): string | undefined {
  if (isDeepStrictEqual(expected, actual)) return undefined
  if (isRecord(expected) && isRecord(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const difference = compare(expected[key], actual[key], `${path}.${key}`)
      if (difference !== undefined) return difference
    }
  }
  return `${path} is ${inspect(actual, { depth: 3 })} and should be ${inspect(expected, { depth: 3 })}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
