import { simulateGuestbook } from './guestbook/simulator.ts'
import { playMarket } from './market/market.ts'

const print = (text: string): void => console.log(text)
try {
  await simulateGuestbook(print)
  print('\nNow a shop: watch, transactions, aggregation, indexes and permissions.\n')
  await playMarket(print)
  print('\nEvery answer was as expected.')
} catch (error) {
  console.error('\nThe demo failed:', error)
  process.exitCode = 1
}
