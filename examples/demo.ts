import { simulateGuestbook } from './guestbook/simulator.ts'
import { playMarket } from './market/market.ts'
import { playRates } from './rates/rates.ts'

const print = (text: string): void => console.log(text)
try {
  await simulateGuestbook(print)
  print('\nNow a shop: watch, transactions, aggregation, indexes and permissions.\n')
  await playMarket(print)
  print('\nNow a function that asks a service over HTTP.\n')
  await playRates(print)
  print('\nEvery answer was as expected.')
} catch (error) {
  console.error('\nThe demo failed:', error)
  process.exitCode = 1
}
