import { readFileSync } from 'node:fs'
import type { ErrorCode } from 'cloudlet'
import type { Random } from './random.ts'

/** How an invocation may end. `other`: an error without a code of cloudlet's. */
export type Ending = 'completed' | ErrorCode | 'other'

/** What an invocation was sent with, and its answer is checked against. */
export interface Sent {
  readonly nonce: string
  readonly openid: string
  readonly event: Readonly<Record<string, unknown>>
}

export type Fields = Readonly<Record<string, unknown>>

/** One function of the soak, and what is right of it. */
export interface Part {
  /** Of its file in `good/` or `hostile/`, and of the function. */
  readonly name: string
  readonly folder: 'good' | 'hostile'
  /** How often it is chosen beside the others of its folder. */
  readonly weight: number
  readonly config: {
    readonly timeout?: number
    readonly cpuMs?: number
    readonly memorySize?: number
    readonly concurrency?: number
  }
  /** Any other ending is a fault. */
  readonly endings: readonly Ending[]
  /** The same where it depends on the event. */
  readonly endingsOf?: (sent: Sent) => readonly Ending[]
  /** Fields of its event beside the nonce. */
  readonly makeEvent?: (random: Random) => Fields
  /** What is wrong with a result whose nonce and openid are right. */
  readonly findFault?: (result: Fields, sent: Sent) => string | undefined
  /** Its caller gives up after so many milliseconds. */
  readonly cancelAfterMs?: (random: Random) => number
}

/** Of good ones with collecting.js around them. */
export function readFiles({ folder, name }: Part): Record<string, string> {
  const source = read(`./${folder}/${name}.js`)
  return folder === 'good'
    ? { 'index.js': read('./collecting.js'), 'part.js': source }
    : { 'index.js': source }
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** Says what differs, or nothing. */
export function expectFields(result: Fields, expected: Fields): string | undefined {
  const wrong = Object.entries(expected).filter(([key, value]) => result[key] !== value)
  if (wrong.length === 0) return undefined
  return wrong.map(([key, value]) => `${key} is ${shorten(result[key])}, not ${shorten(value)}`).join(', ')
}

function shorten(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 80)
}
