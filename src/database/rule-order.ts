import type { RuleOperator } from '../rules/syntax.ts'

/** The comparisons of a rule that ask for order. */
export type Order = Exclude<RuleOperator, '==' | '!=' | 'in'>

/** The same comparison with its sides changed about. */
export const MIRRORED: Readonly<Record<Order, Order>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
export const MONGO_ORDERS: Readonly<Record<Order, string>> = {
  '<': '$lt',
  '<=': '$lte',
  '>': '$gt',
  '>=': '$gte',
}
/** Whether `compareValues` of the sides fits. */
export const ORDERS: Readonly<Record<Order, (order: number) => boolean>> = {
  '<': order => order < 0,
  '<=': order => order <= 0,
  '>': order => order > 0,
  '>=': order => order >= 0,
}
