import type { OpenTransactions } from '../database/open-transactions.ts'
import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Handlers, requesterOf, type Scope } from './capability.ts'

type TransactionOps = Extract<
  keyof typeof import('../protocol/calls.ts').OPS,
  `database.${string}Transaction`
>

/** Transactions as functions and the host reach them. Those an invocation leaves open are rolled back at its end. */
export function transactionHandlers(transactions: OpenTransactions): Handlers<TransactionOps> {
  return {
    'database.startTransaction': async (_args, scope) => {
      const { ending } = scope
      requireRoom(ending)
      const { transactionId } = await transactions.start(requesterOf(scope))
      ending?.hold(transactionId, () => {
        // It rejects only when the database is closing or lost, which ends the transaction as well.
        transactions.abort({ transactionId }, requesterOf(scope)).catch(() => {})
      })
      return { transactionId }
    },
    'database.commitTransaction': (args, scope) => {
      scope.ending?.release(args.transactionId)
      return transactions.commit(args, requesterOf(scope))
    },
    'database.abortTransaction': (args, scope) => {
      scope.ending?.release(args.transactionId)
      return transactions.abort(args, requesterOf(scope))
    },
    'database.getInTransaction': (args, scope) => transactions.get(args, requesterOf(scope)),
    'database.addInTransaction': (args, scope) => transactions.add(args, requesterOf(scope)),
    'database.updateInTransaction': (args, scope) => transactions.update(args, requesterOf(scope)),
    'database.replaceInTransaction': (args, scope) => transactions.replace(args, requesterOf(scope)),
    'database.removeInTransaction': (args, scope) => transactions.remove(args, requesterOf(scope)),
  }
}

function requireRoom(ending: Scope['ending']): void {
  if (ending === undefined || ending.heldCount < LIMITS.invocationTransactions) return
  throw new OverloadedError(
    `The function has ${LIMITS.invocationTransactions} transactions open. End one with commit or rollback first.`,
  )
}
