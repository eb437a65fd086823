import cloud from 'wx-server-sdk'
import { priceOf } from './pricing/order'
import { Grade, type Order } from './pricing/types'
import rates from './rates.json' with { type: 'json' }

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

// Taken once, when an instance loads the function.
const { data: goods } = await cloud.database().collection('goods').get()
const prices = new Map<string, number>(goods.map(({ _id, cents }) => [_id as string, cents as number]))

/** What an order costs, in the currency asked for. */
export async function main({ lines, grade = Grade.Guest, currency = 'CNY' }: Order) {
  const { format } = await import(`./formats/${currency}.ts`)
  const cents = priceOf(lines, prices, grade) * ((rates as Record<string, number>)[currency] ?? 1)
  return { cents: Math.round(cents), text: format(cents), grade: Grade[grade] }
}
