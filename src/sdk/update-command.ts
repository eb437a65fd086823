import { DatabaseError } from '../errors.ts'
import type { Encodable, Encoded } from '../protocol/value.ts'

export type UpdateOperator =
  | '$set'
  | '$unset'
  | '$inc'
  | '$mul'
  | '$min'
  | '$max'
  | '$rename'
  | '$bit'
  | '$push'
  | '$pop'
  | '$pull'
  | '$pullAll'
  | '$addToSet'

/** What an update does to one field. Its operand is encoded when it is made. */
export class UpdateCommand implements Encodable {
  readonly operator: UpdateOperator
  readonly operand: Encoded

  constructor(operator: UpdateOperator, operand: Encoded) {
    this.operator = operator
    this.operand = operand
  }

  /** Reached only where no update command may stand: in a new or whole document, or inside another value. */
  encodeValue(): Encoded {
    throw new DatabaseError('DATABASE_REQUEST_FAILED', 'update operator complicit')
  }
}
