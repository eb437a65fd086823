import type { Cancellation } from '../cancellation.ts'
import { type Backlog, HOST, type Requester } from '../database/request-queue.ts'
import type { NetworkPolicy } from '../network/policy.ts'
import type { OpArgs, OpName, OpResult } from '../protocol/calls.ts'
import type { Caller } from '../types.ts'
import type { Ending } from './ending.ts'
import type { FunctionFiles } from './function-files.ts'

/** On whose behalf an op runs. Made by the host for each invocation or session; nothing in it comes from the asker. */
export interface Scope {
  /** A function and the host's own code act as administrators; a client acts as its openid. */
  readonly kind: 'function' | 'client' | 'host'
  readonly caller: Caller
  /** How many functions deep: 0 for a client or the host. */
  readonly depth: number
  readonly cancellation: Cancellation | undefined
  /**
   * Gives an event to an asker who can take several answers, and resolves when it is ready for the next; rejects when
   * it can't be reached. Clients and the host have it, functions don't.
   */
  readonly emit?: (event: unknown) => Promise<void>
  /** The permit of the invocation that asks; a function it calls may run in its place meanwhile. */
  readonly place: object | undefined
  /** What the invocation that asks must give back at its end. */
  readonly ending?: Ending
  /** Where it may connect. Functions have it. */
  readonly network?: NetworkPolicy
  /** The own files of the function that asks. */
  readonly files?: FunctionFiles
  /** Its name, and the APIs of WeChat its config.json names, `*` for all. */
  readonly functionName?: string
  readonly openapi?: readonly string[]
  /** What the isolate that asks has used, and what it has not taken. */
  readonly meter?: Backlog & { readonly heapUsedBytes: number }
}

/** Who takes turns with others where ops wait: an invocation, a session, or the host. */
export function askerOf({ caller, ending, kind }: Scope): object {
  return kind === 'host' ? HOST.asker : (ending ?? caller)
}

/** The same, for requests to the database: what it would read for one who has given up is not read. */
export function requesterOf(scope: Scope): Requester {
  return { asker: askerOf(scope), signal: scope.cancellation?.signal, backlog: scope.meter }
}

/** A result that is written already, as JSON: what is passed on to a function need not be read and written anew. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** The host's end of some ops: arguments are checked already; rejections are CloudletErrors. Functions may get text. */
export type Handlers<Op extends OpName> = {
  readonly [Name in Op]: (args: OpArgs<Name>, scope: Scope) => Promise<OpResult<Name> | JsonText>
}
