import { randomUUID } from 'node:crypto'
import { CancelledError, OverloadedError, ValueError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Scope } from './capability.ts'

interface Entry<Handle> {
  readonly handle: Handle
  readonly bytes: number
  readonly close: () => void
}

interface Account {
  readonly entries: Map<string, Entry<unknown>>
  bytes: number
}

/** What invocations keep open on the host between their calls: closed at their end, and counted until then. */
export class OpenHandles {
  readonly #accounts = new Map<object, Account>()
  #bytes = 0

  /**
   * Keeps a handle that takes about `bytes` of memory, and answers its id.
   *
   * @throws {OverloadedError} when the invocation, or the host, has too many or too large ones.
   */
  open(scope: Scope, handle: object, bytes: number, close: () => void = () => {}): string {
    const account = this.#accountOf(scope)
    if (account.entries.size >= LIMITS.nativeHandles) {
      throw new OverloadedError(
        `The function has ${LIMITS.nativeHandles} hashes, ciphers and compressions open. End some first.`,
      )
    }
    if (
      account.bytes + bytes > LIMITS.nativeHandleBytes ||
      this.#bytes + bytes > LIMITS.hostNativeHandleBytes
    ) {
      throw new OverloadedError(
        `Hashes, ciphers and compressions that are open would take more than ${LIMITS.nativeHandleBytes} bytes of the function, or more than ${LIMITS.hostNativeHandleBytes} of the host.`,
      )
    }
    const id = randomUUID()
    account.entries.set(id, { handle, bytes, close })
    account.bytes += bytes
    this.#bytes += bytes
    return id
  }

  /** @throws {ValueError} when the invocation has none of that id and kind. */
  get<Handle extends object>(scope: Scope, id: string, kind: new (...args: never[]) => Handle): Handle {
    const handle = this.#accounts.get(keyOf(scope))?.entries.get(id)?.handle
    if (handle instanceof kind) return handle
    throw new ValueError(
      'id',
      'What is asked for is not open: it ended, or the invocation that opened it did.',
    )
  }

  /** Of one that is closed already it is no error. */
  close(scope: Scope, id: string): void {
    const account = this.#accounts.get(keyOf(scope))
    const entry = account?.entries.get(id)
    if (account === undefined || entry === undefined) return
    account.entries.delete(id)
    account.bytes -= entry.bytes
    this.#bytes -= entry.bytes
    entry.close()
  }

  #accountOf(scope: Scope): Account {
    const key = keyOf(scope)
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const account: Account = { entries: new Map(), bytes: 0 }
    this.#accounts.set(key, account)
    scope.ending?.atEnd(() => {
      for (const id of account.entries.keys()) this.close(scope, id)
      this.#accounts.delete(key)
    })
    // What is over by now gave it back at once.
    if (!this.#accounts.has(key)) throw new CancelledError()
    return account
  }
}

function keyOf(scope: Scope): object {
  if (scope.ending === undefined) throw new ValueError('id', 'Only an invocation can keep something open.')
  return scope.ending
}
