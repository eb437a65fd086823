import type { OpenTransactions } from '../database/open-transactions.ts'
import { OverloadedError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Handlers, Scope } from './capability.ts'

type TransactionOps = Extract<
  keyof typeof import('../protocol/calls.ts').OPS,
  `database.${string}Transaction`
>

/** Transactions as functions and the host reach them. Those an invocation leaves open are rolled back at its end. */
export function transactionHandlers(transactions: OpenTransactions): Handlers<TransactionOps> {
  return {
    'database.startTransaction': async (_args, { ending }) => {
      requireRoom(ending)
      const { transactionId } = await transactions.start()
      ending?.hold(transactionId, () => {
        // It rejects only when the database is closing or lost, which ends the transaction as well.
        transactions.abort({ transactionId }).catch(() => {})
      })
      return { transactionId }
    },
    'database.commitTransaction': (args, { ending }) => {
      ending?.release(args.transactionId)
      return transactions.commit(args)
    },
    'database.abortTransaction': (args, { ending }) => {
      ending?.release(args.transactionId)
      return transactions.abort(args)
    },
    'database.getInTransaction': args => transactions.get(args),
    'database.addInTransaction': args => transactions.add(args),
    'database.updateInTransaction': args => transactions.update(args),
    'database.replaceInTransaction': args => transactions.replace(args),
    'database.removeInTransaction': args => transactions.remove(args),
  }
}

function requireRoom(ending: Scope['ending']): void {
  if (ending === undefined || ending.heldCount < LIMITS.invocationTransactions) return
  throw new OverloadedError(
    `The function has ${LIMITS.invocationTransactions} transactions open. End one with commit or rollback first.`,
  )
}
